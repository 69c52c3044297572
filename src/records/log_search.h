#pragma once

#include <map>
#include <set>
#include <vector>

#include "records/days.h"
#include "records/event_reader.h"
#include "records/search.h"

namespace waypost::records {

// How much of the event log the days' files are known to hold.
struct LogBounds {
  LogPosition from;                 // all before it
  std::map<Day, LogPosition> ends;  // and of these days all before this

  bool holds(Day day, const LogPosition& at) const;
};

struct LogFound {
  std::vector<FoundMessage> messages;  // with what the log alone tells of them
  EventsRead read;
};

// Searches the event log beyond `bounds`: the messages that meet `wanted`, the newest
// messages_max + 1, and what happened to those in `known`. Blocks.
Result<LogFound> search_log(io::Disk& disk, const std::string& events_folder, const Search& wanted,
                            const LogBounds& bounds, const std::set<MessageId>& known);

// Whether an event is to be shown to somebody who searched so: with an address, those that are
// about it.
bool concerns(const events::Event& event, const Search& wanted);

}  // namespace waypost::records
