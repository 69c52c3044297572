#include "records/event_writer.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace waypost::records {
namespace {

constexpr unsigned folder_mode = 0750;
constexpr unsigned file_mode = 0640;
constexpr size_t slice_octets_max = 1 << 20;
// A buffer that a burst has grown further is given back.
constexpr size_t kept_capacity_octets_max = 4 << 20;
constexpr uint64_t end_octets_usual = 64 << 10;
constexpr Duration clock_doubt = std::chrono::minutes(1);
constexpr std::string_view gap_start = R"({"v":1,"event":"log_gap",)";

}  // namespace

std::string EventGap::to_json_line() const {
  return fmt::format(R"({{"v":1,"event":"log_gap","at":"{}","from":"{}","lost":{}}})",
                     base::to_rfc3339(to), base::to_rfc3339(from), lost);
}

bool EventGap::is_gap_line(std::string_view line) { return line.starts_with(gap_start); }

std::optional<EventGap> EventGap::parse(std::string_view line) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({line.data(), line.size()}, error);
  if (!is_gap_line(line) || error || !value.is_object()) return std::nullopt;
  const boost::json::object& object = value.get_object();
  auto time = [&](std::string_view key) -> std::optional<WallTime> {
    const boost::json::value* text = object.if_contains(key);
    if (!text || !text->is_string()) return std::nullopt;
    Result<WallTime> parsed = base::parse_rfc3339(std::string_view(text->get_string()));
    return parsed ? std::optional(*parsed) : std::nullopt;
  };
  const boost::json::value* lost = object.if_contains("lost");
  std::optional<WallTime> from = time("from");
  std::optional<WallTime> to = time("at");
  if (!from || !to || !lost || !lost->is_int64() || lost->get_int64() <= 0) return std::nullopt;
  return EventGap{static_cast<uint64_t>(lost->get_int64()), *from, *to};
}

Result<std::unique_ptr<EventWriter>> EventWriter::open(io::Disk& disk, const io::Clock& clock,
                                                       Options options) {
  std::unique_ptr<EventWriter> writer(new EventWriter(disk, clock, std::move(options)));
  const std::string& folder = writer->options_.folder;
  TRY_VOID(disk.make_folders(folder, folder_mode));
  TRY(std::vector<EventFile> files, list_event_files(disk, folder));
  TRY_VOID(writer->take_up(files));
  return writer;
}

Result<void> EventWriter::take_up(const std::vector<EventFile>& files) {
  if (files.empty()) return start_file();
  TRY_VOID(open_file(files.back()));
  TRY(End end, read_end());
  newest_at_ = std::max(end.last_at.value_or(current_.started_at), current_.started_at);
  // First, so that a crash from here on does not hide it.
  if (end.torn) mark_unwritten();
  const bool has_gap = end.torn || disk_.exists(mark_path());
  // What came after a torn line would be lost with it, and after a power cut a reader may know of
  // more lines of this file than there are.
  if (size_ > 0 && (has_gap || size_ >= options_.file_octets_max || is_time_for_next()))
    TRY_VOID(start_file());
  if (has_gap) note_gap();
  return {};
}

Result<EventWriter::End> EventWriter::read_end() {
  for (uint64_t octets_max : {end_octets_usual, event_line_octets_max}) {
    const uint64_t from = size_ - std::min(size_, octets_max);
    TRY(std::string text, disk_.read_range(path(current_), from, octets_max));
    End end{.last_at = {}, .torn = !text.empty() && text.back() != '\n'};
    text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
    if (!text.empty()) text.pop_back();
    const size_t before = text.rfind('\n');
    if (before == std::string::npos && from > 0) continue;
    const std::string_view line = std::string_view(text).substr(before + 1);
    if (auto gap = EventGap::parse(line))
      end.last_at = gap->to;
    else if (Result<events::Event> event = events::parse_json_line(line))
      end.last_at = event->at;
    return end;
  }
  // No line of ours is that long.
  return End{.last_at = {}, .torn = true};
}

// How much the last writer could not write is not known; when it can be told is tried again with
// each event.
void EventWriter::note_gap() {
  marked_ = true;
  add(EventGap{1, newest_at_, std::max(newest_at_, clock_.wall_now())});
  (void)write();
}

void EventWriter::mark_unwritten() {
  if (!marked_) marked_ = disk_.open_append(mark_path(), file_mode).has_value();
}

// Only when what it stood for is on stable storage.
void EventWriter::clear_mark() {
  if (!marked_ || !file_ || !file_->sync()) return;
  Result<void> removed = disk_.remove(mark_path());
  marked_ = !removed && removed.error().code() != ErrorCode::not_found;
}

Result<void> EventWriter::open_file(const EventFile& file) {
  file_.reset();
  TRY(file_, disk_.open_append(path(file), file_mode));
  current_ = file;
  size_ = file_->size();
  return {};
}

Result<void> EventWriter::start_file() {
  if (file_) TRY_VOID(file_->sync());
  WallTime now = std::max({clock_.wall_now(), newest_at_, current_.started_at});
  EventFile next{std::chrono::ceil<std::chrono::milliseconds>(now), 1};
  if (next.started_at == current_.started_at) next.number = current_.number + 1;
  TRY_VOID(open_file(next));
  remove_old_files();
  return {};
}

// A new day, so that what is too old can go; or the clock was set back, and files that begin now
// would not tell how late the things in this one happened.
bool EventWriter::is_time_for_next() const {
  const WallTime now = clock_.wall_now();
  using std::chrono::days;
  if (std::chrono::floor<days>(now) > std::chrono::floor<days>(current_.started_at)) return true;
  return now + clock_doubt < newest_at_ && current_.started_at < newest_at_;
}

Result<void> EventWriter::tidy() {
  if (file_ && size_ > 0 && unwritten_octets() == 0 && is_time_for_next()) TRY_VOID(start_file());
  remove_old_files();
  return {};
}

// The newest stays, and from the first that stays on all do.
void EventWriter::remove_old_files() {
  Result<std::vector<EventFile>> files = list_event_files(disk_, options_.folder);
  if (!files) {
    if (problem_) problem_(files.error());
    return;
  }
  const size_t kept = std::max<size_t>(options_.keep_files, 1);
  const WallTime now = clock_.wall_now();
  for (size_t i = 0; i + 1 < files->size(); ++i) {
    const bool too_many = i + kept < files->size();
    const bool too_old = (*files)[i + 1].started_at + options_.keep <= now;
    if (!too_many && !too_old) break;
    Result<void> removed = disk_.remove(path((*files)[i]));
    if (!removed && problem_) problem_(removed.error());
  }
}

void EventWriter::add(const events::Event& event) {
  add_line(events::to_json_line(event), event.at);
}

void EventWriter::add(const EventGap& gap) { add_line(gap.to_json_line(), gap.to); }

void EventWriter::add_line(std::string line, WallTime at) {
  lines_ += line;
  lines_ += '\n';
  newest_at_ = std::max(newest_at_, at);
}

Result<void> EventWriter::write() {
  auto result = [&]() -> Result<void> {
    if (!file_) TRY_VOID(recover());
    while (unwritten_octets() > 0) TRY_VOID(write_slice());
    return {};
  }();
  if (!result) {
    mark_unwritten();
    return failure(
        std::move(result).error().while_doing("writing the event log in " + options_.folder));
  }
  clear_mark();
  lines_.clear();
  written_ = 0;
  if (lines_.capacity() > kept_capacity_octets_max) lines_.shrink_to_fit();
  return {};
}

// Whole lines, as many as the file still takes, at least one.
Result<void> EventWriter::write_slice() {
  std::string_view rest = std::string_view(lines_).substr(written_);
  size_t first_line = rest.find('\n') + 1;
  bool at_line_start = written_ == 0 || lines_[written_ - 1] == '\n';
  if (at_line_start && size_ > 0 &&
      (size_ + first_line > options_.file_octets_max || is_time_for_next()))
    TRY_VOID(start_file());
  uint64_t room = size_ < options_.file_octets_max ? options_.file_octets_max - size_ : 0;
  size_t most = std::min<uint64_t>({rest.size(), room, slice_octets_max});
  size_t count = first_line;
  if (most > first_line) count = rest.rfind('\n', most - 1) + 1;
  Result<void> appended = file_->append(rest.substr(0, count));
  if (!appended) {
    file_.reset();
    return appended;
  }
  size_ += count;
  written_ += count;
  return {};
}

// After a failed append: the file's size tells how much of it was written after all.
Result<void> EventWriter::recover() {
  uint64_t known = size_;
  TRY_VOID(open_file(current_));
  if (size_ >= known && size_ - known <= unwritten_octets()) {
    written_ += size_ - known;
    return {};
  }
  // It was cut or replaced meanwhile: a new file, from the start of the line.
  written_ = written_ == 0 ? 0 : lines_.rfind('\n', written_ - 1) + 1;
  return start_file();
}

Result<void> EventWriter::sync() {
  if (!file_) return failure(ErrorCode::io_failure, "the event log's file could not be written");
  return file_->sync();
}

std::string EventWriter::mark_path() const { return options_.folder + "/events-unwritten"; }

std::string EventWriter::path(const EventFile& file) const {
  return options_.folder + "/" + file.name();
}

}  // namespace waypost::records
