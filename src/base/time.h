#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::base {

using Duration = std::chrono::nanoseconds;

// Two clocks that must never be mixed: deadlines and pacing use Instant, which no administrator or
// NTP step can move; what is stored or shown uses WallTime. Both are read only through io::Clock.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

// "2026-11-21T09:08:07.123456Z" (RFC 3339 §5.6), always UTC, always six digits: sorts as text.
std::string to_rfc3339(WallTime time);
Result<WallTime> parse_rfc3339(std::string_view text);

// "Sat, 21 Nov 2026 09:08:07 +0000" (RFC 5322 §3.3), always UTC.
std::string to_rfc5322_date(WallTime time);

// For people, two units at most: "90 ms", "1.9 s", "4 m 10 s", "3 h 5 m", "2 d 4 h".
std::string to_human(Duration duration);

// "250ms", "30s", "5m", "2h", "5d" and sums like "1h30m"; a bare number is refused, since its unit
// would be a guess. Never negative; at most ten years.
Result<Duration> parse_duration(std::string_view text);

}  // namespace waypost::base

namespace waypost {
using base::Duration;
using base::Instant;
using base::WallTime;
}  // namespace waypost
