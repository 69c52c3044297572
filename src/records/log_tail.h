#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "io/disk.h"
#include "records/event_files.h"

namespace waypost::records {

// Whole lines of one file of the event log, as one read took them.
struct LogChunk {
  std::string lines;  // each ends with a newline
  LogPosition start;
  LogPosition end;             // where the next one starts
  uint64_t torn_octets = 0;    // passed over: the end of a file whose last line is not whole
  uint64_t files_missing = 0;  // that were removed before they were read; not known from a start

  bool empty() const { return start == end; }
};

// Follows the event log of a folder while it is written: what it gives is whole, in order, and
// never given twice. Every call blocks; one thread at a time.
class LogTail {
 public:
  // `disk` outlives the tail. Goes on from `position`; LogPosition() is the oldest line there is.
  LogTail(io::Disk& disk, std::string folder, LogPosition position)
      : disk_(&disk), folder_(std::move(folder)), position_(position) {}

  // The next lines, `octets_max` at most but for one that is longer, or none when nothing more was
  // written. The position stays where it is until the caller has done with the chunk and passes its
  // end to go_to(): what was not, is read again.
  Result<LogChunk> read(uint64_t octets_max = default_octets_max);
  void go_to(LogPosition position) { position_ = position; }
  const LogPosition& position() const { return position_; }

  static constexpr uint64_t default_octets_max = 4 << 20;

 private:
  Result<LogChunk> read_file(const EventFile* next, uint64_t octets_max);
  Result<std::string> read_lines(uint64_t octets_max);

  io::Disk* disk_;
  std::string folder_;
  LogPosition position_;
};

}  // namespace waypost::records
