#include "daemon/serve.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "io/task_group.h"

namespace waypost::daemon {
namespace {

spdlog::level::level_enum level_of(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug:
      return spdlog::level::debug;
    case config::LogLevel::warning:
      return spdlog::level::warn;
    case config::LogLevel::error:
      return spdlog::level::err;
    case config::LogLevel::info:
      break;
  }
  return spdlog::level::info;
}

// The program's log: one line an entry on standard error, as text or as JSON.
class SpdlogJournal final : public Journal {
 public:
  explicit SpdlogJournal(const config::LogSettings& settings)
      : as_json_(settings.format == config::LogFormat::json),
        log_("waypost", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    log_.set_level(level_of(settings.level));
    // The JSON text brings its own quotes.
    log_.set_pattern(as_json_ ? R"({"at":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","text":%v})"
                              : "%Y-%m-%dT%H:%M:%SZ %l: %v",
                     spdlog::pattern_time_type::utc);
    log_.flush_on(spdlog::level::debug);
  }
  void info(const std::string& line) override { log_.info(shown(line)); }
  void warning(const std::string& line) override { log_.warn(shown(line)); }
  void error(const std::string& line) override { log_.error(shown(line)); }

 private:
  std::string shown(const std::string& line) const {
    std::string safe = base::escape_control(base::to_valid_utf8(line));
    return as_json_ ? boost::json::serialize(boost::json::string(safe)) : safe;
  }
  bool as_json_;
  spdlog::logger log_;
};

class Serving {
 public:
  Serving(io::AsioLoop& loop, Relay& relay, Journal& journal)
      : loop_(loop),
        relay_(relay),
        journal_(journal),
        signals_(loop, [this](int signal) { on_signal(signal); }) {}

  bool ended_cleanly() const { return ended_cleanly_; }

 private:
  void on_signal(int signal) {
    if (signal == SIGHUP) return;  // a closed terminal is no reason to stop
    // Whoever asks twice means now; the spool is safe at any moment.
    if (std::exchange(stopping_, true)) std::_Exit(0);
    journal_.info("stopping: no more connections, sessions and attempts may end");
    tasks_.start(stop());
  }
  io::Task<void> stop() {
    ended_cleanly_ = co_await relay_.stop();
    loop_.stop();
  }

  io::AsioLoop& loop_;
  Relay& relay_;
  Journal& journal_;
  io::SignalWatch signals_;
  bool stopping_ = false;
  bool ended_cleanly_ = false;
  io::TaskGroup tasks_;
};

}  // namespace

int serve(RelayOptions options) {
  SpdlogJournal journal(options.config.log);
  io::AsioLoop loop;
  auto relay = Relay::start(loop, std::move(options), journal);
  if (!relay) {
    journal.error("cannot start: " + relay.error().describe());
    return 2;
  }
  for (const Endpoint& at : (*relay)->listening_at()) journal.info("listening on " + at.text());
  Serving serving(loop, **relay, journal);
  loop.run();
  if (!serving.ended_cleanly()) {
    // Attempts still wait for a peer. Their messages are safe in the spool, and a crash is a legal
    // end, so there is nothing to wait for.
    journal.info("stopped; attempts that were under way will be made again");
    std::_Exit(0);
  }
  journal.info("stopped");
  return 0;
}

}  // namespace waypost::daemon
