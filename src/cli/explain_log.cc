#include "cli/explain_log.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/page_output.h"
#include "cli/progress.h"
#include "cli/told_time.h"
#include "explain/log_page.h"
#include "io/asio_loop.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/timer.h"
#include "logs/line_reader.h"
#include "logs/log_source.h"
#include "logs/summary.h"

namespace waypost::cli {
namespace {

constexpr size_t causes_shown_max = 20;
constexpr Duration follow_every = std::chrono::seconds(1);

void wait() {
  io::AsioLoop loop;
  io::Timer timer(loop.timers());
  timer.start(loop.now() + follow_every, [&] { loop.stop(); });
  loop.run();
}

// Blocks of a file, or of standard input. What it hands over lasts until the next call.
class Blocks {
 public:
  explicit Blocks(std::string path) : path_(std::move(path)), disk_(io::make_system_disk()) {}

  bool is_input() const { return path_ == "-"; }
  uint64_t octets() const { return offset_; }
  // Whether the last call found the file shorter than what was read of it: logrotate's copytruncate
  // empties it in its place. The next call begins at its start.
  bool was_cut() const { return was_cut_; }

  Result<std::string_view> next() {
    if (!is_input()) {
      TRY(block_, disk_->read_range(path_, offset_, logs::log_block_octets));
      if (block_.empty() && offset_ > 0) {
        TRY(was_cut_, is_shorter());
        if (was_cut_) offset_ = 0;
      }
    } else {
      block_.resize(logs::log_block_octets);
      ssize_t got = ::read(STDIN_FILENO, block_.data(), block_.size());
      if (got < 0) return failure(base::system_failure(errno, "reading standard input"));
      block_.resize(size_t(got));
    }
    offset_ += block_.size();
    return std::string_view(block_);
  }

 private:
  Result<bool> is_shorter() {
    TRY(std::string last, disk_->read_range(path_, offset_ - 1, 1));
    return last.empty();
  }

  std::string path_;
  std::unique_ptr<io::Disk> disk_;
  uint64_t offset_ = 0;
  bool was_cut_ = false;
  std::string block_;
};

void show_summary(const Global& global, const logs::Summary& summary,
                  const classify::Classifier& classifier) {
  if (global.json)
    print_json(explain::log_json(summary, classifier.book()));
  else
    show(explain::log_page(summary, classifier.book(), causes_shown_max), global);
  // With --follow who reads a pipe waits for it.
  std::fflush(stdout);
}

Result<logs::Wanted> wanted_of(const LogArguments& arguments) {
  logs::Wanted wanted;
  wanted.now = io::SystemClock().wall_now();
  wanted.provider = base::to_lower(arguments.provider);
  if (!arguments.since.empty()) {
    TRY(wanted.since, parse_past_time(arguments.since, wanted.now));
  }
  return wanted;
}

// Reads to the end; then, with --follow, what is appended, and shows the summary when that grew.
class LogReading {
 public:
  LogReading(const Global& global, const LogArguments& arguments,
             const classify::Classifier& classifier, logs::Wanted wanted)
      : global_(global),
        classifier_(classifier),
        blocks_(arguments.file),
        summary_(classifier, std::move(wanted)) {}

  Result<void> read() {
    Progress progress(global_);
    return logs::for_each_log_line(
        [&]() -> Result<std::string_view> {
          progress.show(fmt::format("{} read, {} lines, {} outcomes", octets_text(blocks_.octets()),
                                    reader_.lines(), summary_.outcomes()));
          return blocks_.next();
        },
        [&](std::string_view line) { return take(line); });
  }

  Result<void> follow() {
    logs::LineCutter cutter;
    uint64_t shown = summary_.outcomes();
    for (;;) {
      // A day later the log's times are no longer ahead of the start.
      summary_.set_now(io::SystemClock().wall_now());
      TRY(std::string_view more, blocks_.next());
      cutter.feed(more, [&](std::string_view line) { return take(line); });
      if (!more.empty()) continue;
      if (blocks_.is_input()) return {};
      if (blocks_.was_cut()) cutter.finish([&](std::string_view line) { return take(line); });
      if (summary_.outcomes() != shown) {
        shown = summary_.outcomes();
        show_summary(global_, summary_, classifier_);
      }
      wait();
    }
  }

  const logs::Summary& summary() const { return summary_; }

 private:
  bool take(std::string_view line) {
    for (const logs::LogEvent& event : reader_.read(line)) summary_.add(event);
    return true;
  }

  const Global& global_;
  const classify::Classifier& classifier_;
  Blocks blocks_;
  logs::LineReader reader_;
  logs::Summary summary_;
};

}  // namespace

int explain_log(const Global& global, const LogArguments& arguments,
                const classify::Classifier& classifier) {
  if (arguments.file != "-" && !io::make_system_disk()->exists(arguments.file)) {
    note(fmt::format("waypost: there is no file {}\n", base::escape_control(arguments.file)));
    return exit_code::input;
  }
  auto wanted = wanted_of(arguments);
  if (!wanted) {
    report(wanted.error());
    return exit_code::usage;
  }
  LogReading reading(global, arguments, classifier, *std::move(wanted));
  auto read = reading.read();
  show_summary(global, reading.summary(), classifier);
  if (read && arguments.follow) read = reading.follow();
  if (!read) {
    report(read.error());
    return exit_code::could_not_finish;
  }
  return reading.summary().outcomes() == 0 ? exit_code::negative : exit_code::ok;
}

}  // namespace waypost::cli
