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
#include "io/service_manager.h"
#include "io/task_group.h"
#include "io/timer.h"

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
  void set_level(config::LogLevel level) override { log_.set_level(level_of(level)); }

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
  Serving(io::AsioLoop& loop, Relay& relay, Journal& journal,
          const io::SupervisorVariables& supervisor)
      : loop_(loop),
        relay_(relay),
        journal_(journal),
        manager_(supervisor),
        status_timer_(loop.timers()),
        watchdog_timer_(loop.timers()),
        signals_(loop, [this](int signal) { on_signal(signal); }) {
    manager_.ready(status());
    tell_status();
    feed_watchdog();
  }

  bool ended_cleanly() const { return ended_cleanly_; }

 private:
  static constexpr Duration status_interval = std::chrono::seconds(5);

  // What `systemctl status` shows.
  std::string status() const {
    const std::string troubles = relay_.health().summary();
    return fmt::format("{}{} recipients wait",
                       troubles.empty() ? "" : "TROUBLE: " + troubles + "; ", relay_.waiting());
  }
  void tell_status() {
    std::string now = status();
    if (now != told_ && !reloading_ && !stopping_) manager_.tell(told_ = std::move(now));
    status_timer_.start(loop_.now() + status_interval, [this] { tell_status(); });
  }
  // From the loop, so that a loop that is stuck is found out.
  void feed_watchdog() {
    if (!manager_.watchdog_interval()) return;
    manager_.feed_watchdog();
    watchdog_timer_.start(loop_.now() + *manager_.watchdog_interval(), [this] { feed_watchdog(); });
  }
  void on_signal(int signal) {
    if (signal == SIGHUP) return ask_for_reload();
    // Whoever asks twice means now; the spool is safe at any moment.
    if (std::exchange(stopping_, true)) std::_Exit(0);
    journal_.info("stopping: no more connections, sessions and attempts may end");
    tasks_.start(stop());
  }
  // Whoever asks while a reload runs may have changed what that one has read already.
  void ask_for_reload() {
    if (std::exchange(reload_asked_, true) || reloading_ || stopping_) return;
    tasks_.start(reload());
  }
  io::Task<void> reload() {
    reloading_ = true;
    manager_.reloading();
    while (std::exchange(reload_asked_, false)) {
      ReloadOutcome outcome = co_await relay_.reload();
      static_cast<void>(outcome);  // the journal has it
    }
    reloading_ = false;
    if (!stopping_) manager_.ready(status());
  }
  io::Task<void> stop() {
    manager_.stopping();
    ended_cleanly_ = co_await relay_.stop();
    loop_.stop();
  }

  io::AsioLoop& loop_;
  Relay& relay_;
  Journal& journal_;
  io::ServiceManager manager_;
  std::string told_;
  io::Timer status_timer_;
  io::Timer watchdog_timer_;
  io::SignalWatch signals_;
  bool stopping_ = false;
  bool reload_asked_ = false;
  bool reloading_ = false;
  bool ended_cleanly_ = false;
  io::TaskGroup tasks_;
};

// Tells a supervisor whether to try again (sysexits.h): 75 may pass by itself, the others want a
// person.
int exit_code_for(const Error& error) {
  constexpr int could_not_finish = 2, temporary = 75, rights = 77, configuration = 78;
  switch (error.code()) {
    case ErrorCode::permission_denied:
      return rights;
    case ErrorCode::invalid_input:
    case ErrorCode::not_found:
      return configuration;
    case ErrorCode::already_exists:  // an address or a lock that somebody else holds
    case ErrorCode::resource_exhausted:
    case ErrorCode::unavailable:
      return temporary;
    default:
      return could_not_finish;
  }
}

Result<std::unique_ptr<Relay>> start(io::AsioLoop& loop, RelayOptions options,
                                     const io::SupervisorVariables& supervisor, Journal& journal) {
  TRY(auto passed, io::PassedSockets::take(supervisor));
  options.passed = std::make_shared<const io::PassedSockets>(std::move(passed));
  return Relay::start(loop, std::move(options), journal);
}

}  // namespace

int serve(RelayOptions options, const io::SupervisorVariables& supervisor) {
  SpdlogJournal journal(options.setup.config.log);
  io::AsioLoop loop;
  auto relay = start(loop, std::move(options), supervisor, journal);
  if (!relay) {
    journal.error("cannot start: " + relay.error().describe());
    return exit_code_for(relay.error());
  }
  for (const Endpoint& at : (*relay)->listening_at()) journal.info("listening on " + at.text());
  Serving serving(loop, **relay, journal, supervisor);
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
