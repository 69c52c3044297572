#include "cli/told_time.h"

#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::cli {
namespace {

std::optional<WallTime> stated_time(const std::string& text) {
  if (Result<WallTime> midnight = base::parse_rfc3339(text + "T00:00:00Z")) return *midnight;
  if (Result<WallTime> time = base::parse_rfc3339(text)) return *time;
  return std::nullopt;
}

}  // namespace

Result<WallTime> parse_past_time(const std::string& text, WallTime now) {
  if (Result<Duration> ago = base::parse_duration(text))
    return now - std::chrono::duration_cast<WallTime::duration>(*ago);
  if (auto time = stated_time(text)) return *time;
  return failure(ErrorCode::invalid_input,
                 fmt::format("\"{}\" is no time: write how long ago (\"2d\", \"90m\"), a date "
                             "(\"2026-11-21\") or a time (\"2026-11-21T09:00:00Z\"), of UTC",
                             base::escape_control(text)));
}

Result<WallTime> parse_future_time(const std::string& text, WallTime now) {
  if (Result<Duration> ahead = base::parse_duration(text))
    return now + std::chrono::duration_cast<WallTime::duration>(*ahead);
  auto time = stated_time(text);
  if (time && *time > now) return *time;
  return failure(ErrorCode::invalid_input,
                 fmt::format("\"{}\" is no time to come: write how long from now (\"30d\"), a date "
                             "or a time of UTC",
                             base::escape_control(text)));
}

}  // namespace waypost::cli
