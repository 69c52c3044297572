#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "events/event.h"
#include "records/days.h"
#include "records/event_files.h"
#include "records/sqlite.h"

namespace waypost::records {

// How far the event log is in a day's file.
struct FeedMark {
  LogPosition batch_start;  // all before it is in every day's file that stood there then
  LogPosition end;          // all before it is in this one
  bool rebuilding = false;  // lines before `batch_start` of others may still be missing here
};

// The states of a recipient in the records. "queued" is one that has no final outcome; "rejected"
// one that was never ours.
inline constexpr std::string_view state_queued = "queued";
inline constexpr std::string_view state_rejected = "rejected";

// The name among the totals under which refusals are counted, those too that are not kept.
inline constexpr std::string_view total_refusals = "refusals";

// One day of records, for the one thread that writes them (docs/format/records.md). Each batch of
// events is one transaction together with the position in the log that it leads to, so that what is
// read again after a crash is known to be there already.
class DayFile {
 public:
  // Makes the file (0640) when it is new; its folder is there. corrupt when it is no database.
  static Result<std::unique_ptr<DayFile>> open(const std::string& folder, Day day);
  ~DayFile();

  const FeedMark& mark() const;

  // A batch: begin(), any number of add(), then commit() or roll_back(). After a failure only
  // roll_back() may follow.
  Result<void> begin();
  bool in_batch() const;
  // `line` is the event as it stands in the log. Of refusals the first 100,000 of a day are kept,
  // the others are only counted. What is not about mail is left out.
  Result<void> add(const events::Event& event, std::string_view line);
  // The log had to leave events out.
  Result<void> add_gap(WallTime from, WallTime to, uint64_t lost);
  Result<void> commit(const FeedMark& mark);
  void roll_back();

  // A commit of the mark alone, on stable storage when it returns: for one that goes back, which
  // the log does not tell again.
  Result<void> move_mark(const FeedMark& mark);

 private:
  struct Impl;
  explicit DayFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What every reader of a day's file does first: not_found when there is none, invalid_input when a
// newer Waypost wrote it.
Result<Database> open_day_to_read(const std::string& folder, Day day);
// How many recipients are in a state, or another of the totals; 0 when there are none.
Result<int64_t> read_total(Database& database, std::string_view name);
// none in a file that nothing was committed to.
Result<std::optional<FeedMark>> read_mark(Database& database);

}  // namespace waypost::records
