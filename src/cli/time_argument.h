#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace waypost::cli {

// "2d" ago, a date, or a time with a date; of UTC.
Result<WallTime> parse_time_argument(const std::string& text, WallTime now);

}  // namespace waypost::cli
