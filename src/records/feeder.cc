#include "records/feeder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "events/event.h"
#include "records/event_writer.h"

namespace waypost::records {
namespace {

// Mail of so many days is settled at a time, as a rule; a file more costs an opening each.
constexpr size_t files_open_max = 6;
// A clock may be set back a little between the start of a file and a line in it.
constexpr Duration clock_doubt = std::chrono::minutes(1);

}  // namespace

Result<LogPosition> end_of_log(io::Disk& disk, const std::string& events_folder) {
  TRY(std::vector<EventFile> files, list_event_files(disk, events_folder));
  if (files.empty()) return LogPosition();
  constexpr unsigned never_new = 0600;
  TRY(auto file, disk.open_append(events_folder + "/" + files.back().name(), never_new));
  return LogPosition{files.back(), file->size()};
}

Feeder::Feeder(io::Disk& disk, FeederOptions options, LogPosition log_end,
               std::function<void(const std::string&)> problem)
    : disk_(disk), options_(std::move(options)), log_end_(log_end), problem_(std::move(problem)) {}

Feeder::~Feeder() = default;

Result<bool> Feeder::step(WallTime now) {
  auto work = [&]() -> Result<bool> {
    if (!tail_) TRY_VOID(start());
    at_work_.reset();
    TRY(LogChunk chunk, tail_->read(options_.batch_octets_max));
    if (chunk.empty()) return false;
    TRY_VOID(take(chunk, now));
    tail_->go_to(chunk.end);
    TRY_VOID(finish_rebuilds());
    close_least_used();
    return true;
  };
  at_work_.reset();
  Result<bool> done = work();
  if (!done) return failure(recover(std::move(done).error()));
  return done;
}

// ---- where to go on

// Every batch that was committed anywhere began where all before it was committed everywhere, so
// reading goes on at the latest of these beginnings. What stands in a file already is passed over
// by that file's own position.
Result<void> Feeder::start() {
  open_.clear();
  rebuilding_.clear();
  LogPosition newest;
  TRY(std::vector<Day> days, list_days(disk_, options_.folder, day_file_suffix));
  for (Day day : days) TRY_VOID(take_stock(day, newest));
  log_end_.reset();
  rebuilt_at_ = newest;
  LogPosition start = newest;
  for (const auto& [day, open] : open_) {
    rebuilt_at_ = std::max(rebuilt_at_, open.file->mark().end);
    if (!open.file->mark().rebuilding) continue;
    rebuilding_.insert(day);
    start = std::min(start, open.file->mark().end);
  }
  LogTail tail(disk_, options_.events_folder, start);
  // Files that were set aside, and of which there is no new one yet.
  TRY(std::vector<Day> damaged,
      list_days(disk_, options_.folder,
                std::string(day_file_suffix) + std::string(damaged_suffix)));
  for (Day day : damaged)
    if (!std::binary_search(days.begin(), days.end(), day)) TRY_VOID(start_rebuild(day, tail));
  tail_ = std::move(tail);
  close_least_used();
  return {};
}

Result<void> Feeder::take_stock(Day day, LogPosition& newest) {
  TRY(DayFile * file, open_day(day));
  FeedMark mark = file->mark();
  if (log_end_ && (mark.end > *log_end_ || mark.batch_start > *log_end_)) {
    // Lines that this file holds are gone from the log; others will stand in their place, and a
    // second power cut must not bring the old mark back once they do.
    mark.end = std::min(mark.end, *log_end_);
    mark.batch_start = std::min(mark.batch_start, *log_end_);
    TRY_VOID(file->move_mark(mark));
  }
  if (!mark.rebuilding) newest = std::max(newest, mark.batch_start);
  return {};
}

Result<LogPosition> Feeder::first_line_of(Day day) {
  TRY(std::vector<EventFile> files, list_event_files(disk_, options_.events_folder));
  EventFile latest{WallTime(day) - std::chrono::duration_cast<WallTime::duration>(clock_doubt), 0};
  auto after = std::upper_bound(files.begin(), files.end(), latest);
  if (after != files.begin()) --after;
  return after == files.end() ? LogPosition() : LogPosition{*after, 0};
}

Result<void> Feeder::start_rebuild(Day day, LogTail& tail) {
  TRY(LogPosition first, first_line_of(day));
  first = std::min(first, tail.position());
  tail.go_to(first);
  TRY(DayFile * file, open_day(day));
  rebuilding_.insert(day);
  TRY_VOID(file->begin());
  return file->commit({first, first, true});
}

Result<void> Feeder::finish_rebuilds() {
  if (rebuilding_.empty() || tail_->position() < rebuilt_at_) return {};
  for (Day day : std::set<Day>(rebuilding_)) {
    TRY(DayFile * file, open_day(day));
    TRY_VOID(file->begin());
    TRY_VOID(file->commit({tail_->position(), tail_->position(), false}));
    rebuilding_.erase(day);
    problem_(fmt::format("records: {} is whole again, as far as the event log reaches",
                         day_path(options_.folder, day, day_file_suffix)));
  }
  return {};
}

// Undoes what was not committed. A file that is damaged is put aside, and the next step takes stock
// anew.
Error Feeder::recover(Error error) {
  for (auto& [day, open] : open_) open.file->roll_back();
  if (error.code() != ErrorCode::corrupt || !at_work_) return error;
  Day day = *at_work_;
  open_.erase(day);
  std::string path = day_path(options_.folder, day, day_file_suffix);
  tail_.reset();
  Result<void> renamed = set_day_aside(disk_, options_.folder, day, day_file_suffix);
  if (!renamed) return std::move(renamed).error();
  problem_(
      fmt::format("records: {} is damaged; it was renamed to {}{} and is written again from "
                  "the event log",
                  path, path, damaged_suffix));
  return error;
}

// ---- lines

Result<void> Feeder::take(const LogChunk& chunk, WallTime now) {
  damaged_lines_ = chunk.torn_octets > 0 ? 1 : 0;
  std::string_view lines = chunk.lines;
  for (LogPosition at = chunk.start; !lines.empty();) {
    size_t count = lines.find('\n') + 1;
    TRY_VOID(take_line(lines.substr(0, count - 1), at, now));
    lines.remove_prefix(count);
    at.offset += count;
  }
  TRY_VOID(commit_all(chunk.start, chunk.end));
  if (chunk.files_missing > 0)
    problem_(
        "records: files of the event log were removed before they were read; what they held "
        "is not in the records");
  if (damaged_lines_ > 0)
    problem_(fmt::format("records: {} damaged lines of the event log were passed over in {}",
                         damaged_lines_, chunk.start.file.name()));
  return {};
}

Result<void> Feeder::take_line(std::string_view line, LogPosition at, WallTime now) {
  if (EventGap::is_gap_line(line)) {
    std::optional<EventGap> gap = EventGap::parse(line);
    if (!gap) ++damaged_lines_;
    if (!gap || is_expired(day_of(gap->to), now)) return {};
    TRY(DayFile * file, batch_of(day_of(gap->to), at));
    if (file) TRY_VOID(file->add_gap(gap->from, gap->to, gap->lost));
    return {};
  }
  Result<events::Event> event = events::parse_json_line(line);
  if (!event) {
    ++damaged_lines_;
    return {};
  }
  Day day = day_of(*event);
  if (is_expired(day, now)) return {};
  TRY(DayFile * file, batch_of(day, at));
  if (file) TRY_VOID(file->add(*event, line));
  return {};
}

// The file that a line of this day goes to, in a batch; none when the line is there already.
Result<DayFile*> Feeder::batch_of(Day day, LogPosition at) {
  TRY(DayFile * file, open_day(day));
  if (at < file->mark().end) return nullptr;
  if (!file->in_batch()) TRY_VOID(file->begin());
  return file;
}

Result<void> Feeder::commit_all(LogPosition batch_start, LogPosition end) {
  for (auto& [day, open] : open_) {
    if (!open.file->in_batch()) continue;
    at_work_ = day;
    TRY_VOID(open.file->commit({batch_start, end, rebuilding_.contains(day)}));
  }
  return {};
}

Result<DayFile*> Feeder::open_day(Day day) {
  at_work_ = day;
  OpenFile& open = open_[day];
  open.used = ++uses_;
  if (open.file) return open.file.get();
  Result<std::unique_ptr<DayFile>> opened = DayFile::open(options_.folder, day);
  if (!opened) {
    open_.erase(day);
    return failure(std::move(opened).error());
  }
  open.file = *std::move(opened);
  // Whatever is new behind the end that was reached once is as incomplete as what is rebuilt.
  if (tail_ && tail_->position() < rebuilt_at_ && open.file->mark().end == LogPosition())
    rebuilding_.insert(day);
  return open.file.get();
}

void Feeder::close_least_used() {
  while (open_.size() > files_open_max)
    open_.erase(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
      return a.second.used < b.second.used;
    }));
}

// ---- retention

bool Feeder::is_expired(Day day, WallTime now) const {
  return WallTime(day + std::chrono::days(1)) + options_.keep <= now;
}

Result<void> Feeder::remove_expired(WallTime now) {
  std::string damaged = std::string(day_file_suffix) + std::string(damaged_suffix);
  for (const std::string& suffix : {std::string(day_file_suffix), damaged}) {
    TRY(std::vector<Day> days, list_days(disk_, options_.folder, suffix));
    for (Day day : days) {
      if (!is_expired(day, now)) continue;
      open_.erase(day);
      rebuilding_.erase(day);
      TRY_VOID(remove_day(disk_, options_.folder, day, suffix));
    }
  }
  return {};
}

}  // namespace waypost::records
