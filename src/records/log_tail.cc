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

Result<LogChunk> LogTail::read_file(const EventFile* next, uint64_t octets_max) {
  LogChunk chunk{.lines = {}, .start = position_, .end = position_};
  std::string path = folder_ + "/" + position_.file.name();
  TRY(chunk.lines, disk_->read_range(path, position_.offset, octets_max));
  size_t whole = chunk.lines.rfind('\n') + 1;  // npos + 1 is 0
  if (whole == 0 && chunk.lines.size() == octets_max) {
    // No line is that long; its end will not parse either.
    chunk.torn_octets = octets_max;
    chunk.end.offset += octets_max;
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
