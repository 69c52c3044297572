#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/disk.h"

namespace waypost::records {

// No line that we write is longer: a message may have 100,000 recipients, whose paths have 256
// octets and in JSON 64 more at most. What is longer is damage.
inline constexpr uint64_t event_line_octets_max = 32 << 20;

// One file of the event log (docs/format/events.md). Its name says from when on it was written:
// "events-20261121T090807.123Z-1.jsonl", to the millisecond, and a number that tells files of the
// same millisecond apart. Names never go back in time, even when the clock does: whatever a file
// holds happened no later than the start of the next one.
struct EventFile {
  WallTime started_at;
  uint64_t number = 1;

  std::string name() const;
  static std::optional<EventFile> parse(std::string_view name);

  auto operator<=>(const EventFile&) const = default;
};

// A place between two lines of the event log, or in the middle of one that is being written.
struct LogPosition {
  EventFile file;
  uint64_t offset = 0;

  auto operator<=>(const LogPosition&) const = default;
};

// The event files of a folder, oldest first; other files are passed over.
Result<std::vector<EventFile>> list_event_files(io::Disk& disk, const std::string& folder);

}  // namespace waypost::records
