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
  bool go_on = false;
  if (!files.empty()) {
    writer->current_ = files.back();
    TRY(go_on, writer->may_continue(files.back()));
  }
  TRY_VOID(go_on ? writer->open_file(files.back()) : writer->start_file());
  return writer;
}

Result<bool> EventWriter::may_continue(const EventFile& file) {
  TRY_VOID(open_file(file));
  if (size_ == 0) return true;
  if (size_ >= options_.file_octets_max) return false;
  // A crash may have torn the last line; what came after it would be lost with it.
  TRY(std::string last, disk_.read_range(path(file), size_ - 1, 1));
  return last.ends_with('\n');
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

void EventWriter::remove_old_files() {
  Result<std::vector<EventFile>> files = list_event_files(disk_, options_.folder);
  if (!files) {
    if (problem_) problem_(files.error());
    return;
  }
  size_t kept = std::max<size_t>(options_.keep_files, 1);
  for (size_t i = 0; i + kept < files->size(); ++i) {
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
  if (!result)
    return failure(
        std::move(result).error().while_doing("writing the event log in " + options_.folder));
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
  if (at_line_start && size_ > 0 && size_ + first_line > options_.file_octets_max)
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

std::string EventWriter::path(const EventFile& file) const {
  return options_.folder + "/" + file.name();
}

}  // namespace waypost::records
