#pragma once

#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace waypost::queue {

// When somebody wants mail sent, as they write it: RFC 3339 §5.6 with any offset, as in
// "2026-11-21T10:00:00+01:00". invalid_input with what is wrong, as in 'at "is no time ..."'.
Result<WallTime> parse_asked_time(std::string_view text);

// What that comes to: the epoch, which is at once, for a time that is over or comes within seconds.
// invalid_input where it is further ahead than schedule_ahead_max.
Result<WallTime> time_to_wait_for(WallTime asked, WallTime now);

}  // namespace waypost::queue
