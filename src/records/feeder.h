#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/disk.h"
#include "records/day_file.h"
#include "records/days.h"
#include "records/log_tail.h"

namespace waypost::records {

struct FeederOptions {
  std::string folder;         // of the days' files; is there
  std::string events_folder;  // the log that is read
  Duration keep{0};           // a day goes when it ended so long ago
  uint64_t batch_octets_max = LogTail::default_octets_max;
};

// The end of the event log as it stands on the disk.
Result<LogPosition> end_of_log(io::Disk& disk, const std::string& events_folder);

// Brings the event log into the days' files, each line exactly once: whatever is killed between two
// steps or inside one, nothing is missing afterwards and nothing stands there twice. How that is
// done without a commit over several files: docs/format/records.md.
//
// A file that SQLite finds damaged is set aside and written again, as far as the log reaches.
// One thread; every call blocks.
class Feeder {
 public:
  // `log_end` is where the log ended before this process wrote to it: a power cut may have taken
  // lines away that the files know already. `problem` gets lines for the program log. `disk`
  // outlives the feeder.
  Feeder(io::Disk& disk, FeederOptions options, LogPosition log_end,
         std::function<void(const std::string&)> problem);
  ~Feeder();

  // Takes the next lines of the log. False when there were none. After a failure the next call goes
  // on with the same lines.
  Result<bool> step(WallTime now);
  // Removes the files of days that are over.
  Result<void> remove_expired(WallTime now);

 private:
  struct OpenFile {
    std::unique_ptr<DayFile> file;
    uint64_t used = 0;
  };

  Result<void> start();
  Result<void> take_stock(Day day, LogPosition& newest);
  Result<void> start_rebuild(Day day, LogTail& tail);
  Result<void> finish_rebuilds();
  Result<void> take(const LogChunk& chunk, WallTime now);
  Result<void> take_line(std::string_view line, LogPosition at, WallTime now);
  Result<DayFile*> batch_of(Day day, LogPosition at);
  Result<void> commit_all(LogPosition batch_start, LogPosition end);
  Result<DayFile*> open_day(Day day);
  Error recover(Error error);
  void close_least_used();
  bool is_expired(Day day, WallTime now) const;
  Result<LogPosition> first_line_of(Day day);

  io::Disk& disk_;
  FeederOptions options_;
  std::optional<LogPosition> log_end_;  // until the first start
  std::function<void(const std::string&)> problem_;

  std::optional<LogTail> tail_;  // none: stock is to be taken
  std::map<Day, OpenFile> open_;
  uint64_t uses_ = 0;
  std::optional<Day> at_work_;  // the file that a failure is about
  // Days that are written again, until the log was read to where it stood when that began.
  std::set<Day> rebuilding_;
  LogPosition rebuilt_at_;
  uint64_t damaged_lines_ = 0;  // of the chunk at hand
};

}  // namespace waypost::records
