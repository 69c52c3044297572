#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "events/event.h"
#include "io/clock.h"
#include "io/disk.h"
#include "records/event_files.h"

namespace waypost::records {

// Events that were dropped because the disk did not take them.
struct EventGap {
  uint64_t lost = 0;  // at least so many
  WallTime from;      // the first
  WallTime to;        // the last

  std::string to_json_line() const;
  static bool is_gap_line(std::string_view line);
  // none when the line is no gap or a damaged one.
  static std::optional<EventGap> parse(std::string_view line);
};

// The files of the event log, for one thread that may block. It keeps what it could not write and
// goes on at the very octet where the disk failed, so that a full disk neither tears nor repeats a
// line. What it never could write, the next writer tells by a gap: while the disk refuses, a file
// named "events-unwritten" says so, which takes no octets.
class EventWriter {
 public:
  struct Options {
    std::string folder;
    uint64_t file_octets_max = 256ULL << 20;
    size_t keep_files = 20;
    Duration keep = std::chrono::hours(24 * 30);  // a file goes when all in it is older
  };

  // Goes on with the newest file when that ends with a whole line, is of today and not full, else
  // starts one. Notes a gap where the last writer left a torn line, or lines that the disk refused.
  // `disk` and `clock` outlive the writer.
  static Result<std::unique_ptr<EventWriter>> open(io::Disk& disk, const io::Clock& clock,
                                                   Options options);

  void add(const events::Event& event);
  void add(const EventGap& gap);
  // Writes all that was added; what it cannot write stays for the next call.
  Result<void> write();
  Result<void> sync();
  // What time alone makes due, where nothing is written: a new day's file, and the end of old ones.
  Result<void> tidy();
  uint64_t unwritten_octets() const { return lines_.size() - written_; }

  // Where failures go that stop nothing: an old file that cannot be removed.
  void on_problem(std::function<void(const Error&)> problem) { problem_ = std::move(problem); }

 private:
  EventWriter(io::Disk& disk, const io::Clock& clock, Options options)
      : disk_(disk), clock_(clock), options_(std::move(options)) {}
  // How a file ends.
  struct End {
    std::optional<WallTime> last_at;  // of its last whole line
    bool torn = false;                // more octets follow
  };
  std::string path(const EventFile& file) const;
  std::string mark_path() const;
  Result<void> take_up(const std::vector<EventFile>& files);
  Result<End> read_end();
  void note_gap();
  void mark_unwritten();
  void clear_mark();
  Result<void> open_file(const EventFile& file);
  bool is_time_for_next() const;
  Result<void> start_file();
  Result<void> recover();
  Result<void> write_slice();
  void add_line(std::string line, WallTime at);
  void remove_old_files();

  io::Disk& disk_;
  const io::Clock& clock_;
  Options options_;
  std::function<void(const Error&)> problem_;

  EventFile current_;
  std::unique_ptr<io::AppendFile> file_;  // none after a failure, until recover()
  uint64_t size_ = 0;                     // of the current file, as far as it is known
  std::string lines_;
  size_t written_ = 0;   // of lines_
  WallTime newest_at_;   // of all that was added, or stands in the log
  bool marked_ = false;  // that lines are unwritten
};

}  // namespace waypost::records
