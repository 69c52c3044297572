#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "records/suppressions.h"

// The addresses that are not written to: of the running relay, which knows at once of what changes,
// or, when none runs, of its database. Everything blocks.
namespace waypost::cli {

using SuppressionTaker = std::function<void(const records::Suppression&)>;
using Scoped = std::optional<std::pair<records::SuppressionScope, std::string>>;

// `limit` entries at most; false when there are more.
Result<bool> list_suppressions(const config::Config& config,
                               const records::SuppressionFilter& filter, uint64_t limit,
                               const SuppressionTaker& take);
// invalid_input when it is no address.
Result<std::vector<records::Suppression>> find_suppressions(const config::Config& config,
                                                            const std::string& address);
// How many are new; what was added before a failure stays.
Result<uint64_t> add_suppressions(const config::Config& config,
                                  std::vector<records::Suppression> entries, bool replace);
// What was removed.
Result<std::vector<records::Suppression>> remove_suppressions(const config::Config& config,
                                                              const std::string& address,
                                                              const Scoped& scope);

}  // namespace waypost::cli
