#pragma once

#include <string>

#include "base/result.h"

namespace waypost::cli {

// Asks the running relay on its control socket, docs/format/control.md: one JSON document there,
// lines of JSON back. Blocks, 30 seconds at most.
Result<std::string> ask_relay(const std::string& socket, const std::string& request);

// Whether that failed because no relay runs.
bool nobody_listens(const Error& error);

}  // namespace waypost::cli
