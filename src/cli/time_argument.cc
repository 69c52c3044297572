#include "cli/time_argument.h"

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::cli {

Result<WallTime> parse_time_argument(const std::string& text, WallTime now) {
  if (Result<Duration> ago = base::parse_duration(text))
    return now - std::chrono::duration_cast<WallTime::duration>(*ago);
  if (Result<WallTime> midnight = base::parse_rfc3339(text + "T00:00:00Z")) return *midnight;
  if (Result<WallTime> time = base::parse_rfc3339(text)) return *time;
  return failure(ErrorCode::invalid_input,
                 fmt::format("\"{}\" is no time: write how long ago (\"2d\", \"90m\"), a date "
                             "(\"2026-11-21\") or a time (\"2026-11-21T09:00:00Z\"), of UTC",
                             base::escape_control(text)));
}

}  // namespace waypost::cli
