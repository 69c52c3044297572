#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "dns/resolver.h"
#include "io/task.h"

namespace waypost::mailauth {

inline constexpr size_t key_records_tried_max = 4;

// What DNS said about one key's name.
struct KeyAnswer {
  enum class Outcome { found, absent, unknown };
  Outcome outcome = Outcome::absent;
  std::vector<std::string> records;  // text of the TXT records, at most key_records_tried_max
  std::string reason;                // unknown: why
};
using KeyAnswers = std::map<std::string, KeyAnswer, std::less<>>;

// Asks for the TXT records of each name, once a name. A question that fails is an answer `unknown`.
// Suspends until `deadline` at the latest, for all of them together.
io::Task<KeyAnswers> look_up_keys(dns::Resolver& resolver, std::vector<std::string> names,
                                  Instant deadline);

}  // namespace waypost::mailauth
