#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace waypost::cli {

// Asks the running relay on its control socket, docs/format/control.md: one JSON document there,
// lines of JSON back. Each line is given to `take` as it comes, so that a long answer needs no
// memory; where that fails, it is the end. Blocks, until nothing came for `patience`.
using LineTaker = std::function<Result<void>(std::string_view line)>;
inline constexpr Duration relay_patience = std::chrono::seconds(30);
Result<void> ask_relay(const std::string& socket, const std::string& request, const LineTaker& take,
                       Duration patience = relay_patience);
// The whole of a short answer.
Result<std::string> ask_relay(const std::string& socket, const std::string& request,
                              Duration patience = relay_patience);

// Whether that failed because no relay runs.
bool nobody_listens(const Error& error);

}  // namespace waypost::cli
