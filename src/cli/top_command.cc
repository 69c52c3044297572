#include "cli/top_command.h"

#include <algorithm>
#include <optional>

#include "cli/load_config.h"
#include "cli/relay_client.h"
#include "cli/screen.h"
#include "cli/top_frame.h"
#include "config/data_paths.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/timer.h"
#include "records/event_files.h"
#include "records/log_tail.h"

namespace waypost::cli {
namespace {

constexpr Duration refreshed_every = std::chrono::seconds(1);
constexpr Duration keys_every = std::chrono::milliseconds(100);
constexpr Duration patience = std::chrono::seconds(5);
// Of the newest file of the event log: what happened before this began.
constexpr uint64_t looked_back_octets = 256 << 10;
// Of a log that grows faster than anybody reads, only the end is looked at.
constexpr size_t chunks_a_refresh_max = 16;

// Follows the relay from one picture to the next.
class Watch {
 public:
  explicit Watch(const config::DataPaths& paths)
      : socket_(paths.control_socket), events_(paths.events) {}

  TopView look(Instant now, WallTime wall_now) {
    TopView view;
    view.now = wall_now;
    Result<RelayState> relay = ask_for_sites(socket_, false, patience);
    if (relay) {
      view.relay_runs = true;
      view.relay = *std::move(relay);
      sort_by_trouble(view.relay.sites);
      if (before_) set_rates(*before_, now - before_at_, view);
      before_ = view.relay;
      before_at_ = now;
    } else {
      view.trouble =
          nobody_listens(relay.error()) ? "Waypost is not running" : relay.error().describe();
      before_.reset();
    }
    follow_log();
    view.problems = problems_;
    return view;
  }

 private:
  // A log that cannot be read shows no problems; the relay says in its own log what it is about.
  void follow_log() {
    if (!tail_) start_at_end();
    for (size_t i = 0; tail_ && i < chunks_a_refresh_max; ++i) {
      auto chunk = tail_->read();
      if (!chunk || chunk->empty()) return;
      take_lines(chunk->lines);
      tail_->go_to(chunk->end);
    }
  }

  void start_at_end() {
    auto files = records::list_event_files(*disk_, events_);
    if (!files || files->empty()) return;
    const std::string path = events_ + "/" + files->back().name();
    // Found by reading on: the size of a file is not known here.
    records::LogPosition at{files->back(), 0};
    while (true) {
      auto more = disk_->read_range(path, at.offset + looked_back_octets, 1);
      if (!more || more->empty()) break;
      at.offset += looked_back_octets;
    }
    tail_.emplace(*disk_, events_, at);
  }

  void take_lines(std::string_view lines) {
    while (!lines.empty()) {
      size_t end = lines.find('\n');
      auto event = events::parse_json_line(lines.substr(0, end));
      if (event) take(*event);
      lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    }
  }

  void take(const events::Event& event) {
    std::vector<Problem> fresh = problems_of(event);
    problems_.insert(problems_.begin(), fresh.begin(), fresh.end());
    if (problems_.size() > problems_kept_max) problems_.resize(problems_kept_max);
  }

  const std::string socket_;
  const std::string events_;
  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
  std::optional<records::LogTail> tail_;
  std::optional<RelayState> before_;
  Instant before_at_;
  std::vector<Problem> problems_;
};

class Live {
 public:
  Live(const Global& global, const config::DataPaths& paths)
      : watch_(paths), json_(global.json), color_(colors_output(global.color)) {
    if (!json_) screen_.emplace();
  }

  void run() {
    refresh();
    if (screen_) look_for_keys();
    loop_.run();
  }

 private:
  void refresh() {
    const TopView view = watch_.look(loop_.now(), loop_.wall_now());
    if (screen_) {
      std::vector<std::string> lines =
          render_top(view, Screen::columns(), Screen::rows() - 1, color_);
      lines.push_back(styled("q ends it", Style::dim, color_));
      screen_->show(lines);
    } else {
      print(top_json(view) + "\n");
      std::fflush(stdout);
    }
    next_.start(loop_.now() + refreshed_every, [this] { refresh(); });
  }

  void look_for_keys() {
    if (screen_->keys().find_first_of("qQ") != std::string::npos) return loop_.stop();
    keys_.start(loop_.now() + keys_every, [this] { look_for_keys(); });
  }

  io::AsioLoop loop_;
  io::SignalWatch signals_{loop_, [this](int) { loop_.stop(); }};
  io::Timer next_{loop_.timers()};
  io::Timer keys_{loop_.timers()};
  Watch watch_;
  const bool json_;
  const bool color_;
  std::optional<Screen> screen_;
};

}  // namespace

int top_command(const Global& global, bool once) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  const config::DataPaths paths(config->data_dir);
  if (!once && (global.json || output_is_terminal())) {
    Live(global, paths).run();
    return exit_code::ok;
  }
  // Rates need two looks.
  Watch watch(paths);
  io::AsioLoop loop;
  watch.look(loop.now(), loop.wall_now());
  io::Timer timer(loop.timers());
  timer.start(loop.now() + refreshed_every, [&] { loop.stop(); });
  loop.run();
  const TopView view = watch.look(loop.now(), loop.wall_now());
  if (global.json) {
    print(top_json(view) + "\n");
  } else {
    constexpr size_t lines_max = 200;
    const size_t columns = output_is_terminal() ? Screen::columns() : lines_max;
    for (const std::string& line :
         render_top(view, columns, lines_max, colors_output(global.color)))
      print(line + "\n");
  }
  return view.relay_runs ? exit_code::ok : exit_code::temporary;
}

}  // namespace waypost::cli
