#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/message_id.h"
#include "base/result.h"
#include "base/time.h"
#include "events/event.h"
#include "io/disk.h"
#include "records/event_files.h"

namespace waypost::records {

// Which events are wanted: those that meet every field that is set.
struct EventFilter {
  std::optional<MessageId> message = {};
  std::string address = {};  // the sender or a recipient, without regard to ASCII case; "" is any
  std::optional<WallTime> since = {};
  std::optional<LogPosition> from = {};  // nothing of the log before it is read
};

// What a reader of the log should know about how much of it there was.
struct EventsRead {
  uint64_t events = 0;         // given to the caller
  uint64_t damaged_lines = 0;  // passed over; only lines that could have been wanted are counted
  uint64_t lost_events = 0;    // that the log says it had to drop, in the files that were read
};

// Gives the events of the log in `folder` to `found`, oldest file and line first, until it returns
// false. Blocks; memory stays bounded (lines up to event_line_octets_max, longer ones are damaged),
// and a line that does not hold the id or address is not parsed at all. Files that ended before the
// message was accepted, or before `since`, are not opened. The log may be written meanwhile: a last
// line that is not whole yet is left alone, and a file that is removed while it waits its turn is
// passed over.
Result<EventsRead> read_events(io::Disk& disk, const std::string& folder, const EventFilter& filter,
                               const std::function<bool(const events::Event&)>& found);
// The same, with the place where each one's line begins.
using PlacedEventFound = std::function<bool(events::Event&&, const LogPosition&)>;
Result<EventsRead> read_placed_events(io::Disk& disk, const std::string& folder,
                                      const EventFilter& filter, const PlacedEventFound& found);

}  // namespace waypost::records
