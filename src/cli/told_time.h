#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace waypost::cli {

// "2d" ago, a date, or a time with a date; of UTC.
Result<WallTime> parse_past_time(const std::string& text, WallTime now);
// The same, but "30d" is so long from now.
Result<WallTime> parse_future_time(const std::string& text, WallTime now);

}  // namespace waypost::cli
