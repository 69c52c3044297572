#include "records/log_tail.h"

#include <algorithm>

namespace waypost::records {

Result<LogChunk> LogTail::read(uint64_t octets_max) {
  // Before the file is read: the writer finishes a file before it begins the next, so a file that
  // has a successor here is read to its real end.
  TRY(std::vector<EventFile> files, list_event_files(*disk_, folder_));
  auto next = std::upper_bound(files.begin(), files.end(), position_.file);
  bool is_there = next != files.begin() && *std::prev(next) == position_.file;
  if (is_there) return read_file(next == files.end() ? nullptr : &*next, octets_max);
  LogChunk chunk{.lines = {}, .start = position_, .end = position_};
  if (next == files.end()) return chunk;
  // A start from the beginning misses nothing that it ever knew of.
  chunk.files_missing = position_ == LogPosition() ? 0 : 1;
  chunk.end = {*next, 0};
  return chunk;
}

// What stands at the position; when no line ends in it, one line that is longer, as far as it goes.
Result<std::string> LogTail::read_lines(uint64_t octets_max) {
  std::string path = folder_ + "/" + position_.file.name();
  TRY(std::string lines, disk_->read_range(path, position_.offset, octets_max));
  bool goes_on = lines.size() == octets_max && lines.find('\n') == std::string::npos;
  if (!goes_on || octets_max >= event_line_octets_max) return lines;
  TRY(lines, disk_->read_range(path, position_.offset, event_line_octets_max));
  size_t end = lines.find('\n');
  if (end != std::string::npos) lines.resize(end + 1);
  return lines;
}

Result<LogChunk> LogTail::read_file(const EventFile* next, uint64_t octets_max) {
  LogChunk chunk{.lines = {}, .start = position_, .end = position_};
  TRY(chunk.lines, read_lines(octets_max));
  size_t whole = chunk.lines.rfind('\n') + 1;  // npos + 1 is 0
  if (whole == 0 && chunk.lines.size() >= event_line_octets_max) {
    // No line is that long; its end will not parse either.
    chunk.torn_octets = chunk.lines.size();
    chunk.end.offset += chunk.lines.size();
  } else if (whole > 0) {
    chunk.end.offset += whole;
  } else if (next) {
    chunk.torn_octets = chunk.lines.size();
    chunk.end = {*next, 0};
  }
  chunk.lines.resize(whole);
  return chunk;
}

}  // namespace waypost::records
