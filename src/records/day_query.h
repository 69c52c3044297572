#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "base/time.h"
#include "records/search.h"
#include "records/sqlite.h"

namespace waypost::records {

struct FoundRow {
  int64_t number = 0;  // in the file
  std::optional<MessageId> id;
  WallTime at;
};

struct FoundRows {
  std::vector<FoundRow> rows;             // newest first
  std::optional<WallTime> searched_from;  // nothing older was looked at
};

// The newest `most` messages of a day's file that are wanted. The condition that fewest meet leads:
// what meets it is looked at, and asked for the others. Where many meet each of them, messages are
// looked at from the newest on, until there are enough, or more than `left` were; `left` becomes
// less by those that were. Blocks.
//
// Limits: where a condition is walked that more than 20,000 meet, a message whose acceptance was
// told of much later than it happened may be passed over when a time is asked for, too.
Result<FoundRows> query_day(Database& database, const Search& wanted, size_t most, size_t& left);

}  // namespace waypost::records
