#include "demo/demo.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "classify/shipped_rules.h"
#include "config/data_paths.h"
#include "daemon/relay.h"
#include "demo/magic.h"
#include "demo/stage.h"
#include "demo/summary.h"
#include "demo/traffic.h"
#include "io/worker.h"
#include "records/event_reader.h"

namespace waypost::demo {
namespace {

constexpr Duration refresh_every = std::chrono::milliseconds(250);
// The demo's mail is settled in seconds; a limit is there for a machine that is stuck.
constexpr Duration settled_within_max = std::chrono::minutes(3);
constexpr Duration told_within_max = std::chrono::seconds(10);
// Of the mail that comes once the first is settled.
constexpr Duration between_letters = std::chrono::milliseconds(400);

class Demo {
 public:
  Demo(io::AsioLoop& loop, Options options, Stage& stage, daemon::Relay& relay)
      : loop_(loop),
        options_(std::move(options)),
        stage_(stage),
        relay_(relay),
        signals_(loop, [this](int) { interrupted_ = true; }) {}

  io::Task<void> play(int& exit_code) {
    greet();
    stage_.come_backs().start(submission_);
    Result<void> sent = co_await send_mail();
    if (!sent) std::fprintf(stderr, "waypost: %s\n", sent.error().describe().c_str());
    const bool goes_on = sent && options_.run_for != Duration::zero();
    if (goes_on && options_.run_for) co_await keep_sending(began_ + *options_.run_for * 3 / 4);
    co_await watch_until_settled();
    co_await summarise();
    if (goes_on && !options_.run_for && !interrupted_) {
      invite();
      co_await keep_sending(Instant::max());
      co_await summarise();
    }
    bool ended_cleanly = co_await relay_.stop();
    co_await stage_.stop();
    exit_code = sent && ended_cleanly ? 0 : 2;
    loop_.stop();
  }

 private:
  void greet() {
    submission_ = relay_.listening_at().front();
    say(fmt::format(
        "DEMO  The relay is real; the internet is pretend. Nothing leaves this machine.\n"
        "      Submission on {} (STARTTLS, login), pretend providers on loopback:\n",
        submission_.text()));
    for (const Persona& persona : personas())
      say(fmt::format("        {:<16} {}\n", persona.domain, persona.about));
    greet_browser();
    say("\n");
    began_ = loop_.now();
  }

  void greet_browser() {
    const auto at = relay_.http_at();
    if (!at || !relay_.has_pages()) return;
    const std::string link =
        fmt::format("http://{}/v1/session/enter?word={}", at->text(), stage_.entry().word);
    const bool is_opened = options_.opens_browser && stage_.open_in_browser(link);
    if (is_opened)
      say(fmt::format("      Dashboard: opened in your browser, http://{}/\n", at->text()));
    else
      say(fmt::format("      Dashboard: {}   (opens once)\n", link));
    say(fmt::format("      later      http://{}/, as \"{}\" with the password {}\n", at->text(),
                    daemon::demo_admin, stage_.entry().password));
  }

  io::Task<Result<void>> send_mail() {
    auto disk = io::make_system_disk();
    CO_TRY(client_tls_, tls::ClientContext::create({}, *disk, loop_.clock()));
    traffic_.emplace(loop_, submission_, *client_tls_, Stage::login, stage_.password(),
                     options_.seed);
    progress_.start(show_progress());
    co_return co_await traffic_->burst(options_.messages);
  }

  // A letter now and then, until `end` or a signal.
  io::Task<void> keep_sending(Instant end) {
    bool ended = false;
    io::TaskGroup sending;
    sending.start(send_on(ended));
    while (!interrupted_ && loop_.now() < end)
      co_await io::sleep_until(loop_, loop_.now() + refresh_every / 5);
    ended = true;
    co_await sending.join();
  }
  io::Task<void> send_on(const bool& ended) {
    Result<void> sent = co_await traffic_->trickle(between_letters, ended);
    if (!sent) std::fprintf(stderr, "waypost: %s\n", sent.error().describe().c_str());
  }

  io::Task<void> show_progress() {
    while (!settled_) {
      co_await io::sleep_until(loop_, loop_.now() + refresh_every);
      co_await read_events();
      std::fprintf(stderr,
                   "  %5.1f s  accepted %u of %u, delivered %llu, deferrals %llu, bounced %llu, "
                   "waiting %zu\n",
                   std::chrono::duration<double>(loop_.now() - began_).count(),
                   traffic_->accepted(), std::max(options_.messages, traffic_->offered()),
                   as_long(summary_.delivered()), as_long(summary_.deferred()),
                   as_long(summary_.bounced()), relay_.waiting());
    }
  }
  static unsigned long long as_long(uint64_t number) { return number; }

  io::Task<void> watch_until_settled() {
    Duration limit = options_.run_for.value_or(settled_within_max);
    if (limit == Duration::zero()) limit = settled_within_max;
    while (!is_settled() && loop_.now() - began_ < limit && !interrupted_)
      co_await io::sleep_until(loop_, loop_.now() + refresh_every / 5);
    settled_ = true;
    co_await progress_.join();
  }

  // What a provider still means to send back is not yet told.
  bool is_settled() const { return relay_.waiting() == 0 && stage_.come_backs().waiting() == 0; }

  // The event log is what `waypost trace` reads, too.
  io::Task<void> read_events() {
    std::function<Summary()> read = [this] {
      Summary summary(personas());
      auto disk = io::make_system_disk();
      auto done = records::read_events(*disk, config::DataPaths(stage_.data_dir()).events, {},
                                       [&](const events::Event& event) {
                                         summary.add(event);
                                         return true;
                                       });
      static_cast<void>(done);
      return summary;
    };
    summary_ = co_await io::run_on<Summary>(reader_, loop_, std::move(read));
  }

  // A recipient leaves the queue a moment before its end is told.
  io::Task<void> read_all_events() {
    const Instant latest = loop_.now() + told_within_max;
    do {
      co_await relay_.events_written();
      co_await read_events();
    } while (summary_.waiting() > relay_.waiting() && loop_.now() < latest);
  }

  io::Task<void> summarise() {
    co_await read_all_events();
    say(fmt::format("\n{}\n", summary_.table()));
    if (const std::string causes = summary_.causes(); !causes.empty())
      say("What went wrong in the end, and why (waypost explain CAUSE):\n" + causes + "\n");
    for (const auto& provider : stage_.providers())
      if (provider->taken_into_spam() > 0)
        say(
            fmt::format("{} put {} of these messages into spam. Its 250 did not say so, and no "
                        "relay can see it.\n\n",
                        provider->persona().domain, provider->taken_into_spam()));
    auto id = summary_.most_interesting();
    if (!id || !options_.trace) co_return;
    say(fmt::format("$ waypost trace {}\n", id->text()));
    std::function<bool()> trace = [this, id] {
      options_.trace(stage_.config_file(), id->text());
      return true;
    };
    co_await io::run_on<bool>(reader_, loop_, std::move(trace));
  }

  void invite() {
    say(fmt::format(
        "\nMail keeps coming; end it with Ctrl-C. In another terminal:\n"
        "  build/release/waypost --config {0} queue ls\n"
        "  build/release/waypost --config {0} trace hello@shop.test\n"
        "  build/release/waypost --config {0} send --from hello@shop.test --to "
        "550-5.7.26@gmail.test --wait \\\n    --subject Hello --text Hello\n"
        "  build/release/waypost --config {0} keys create me --any-sender  # a login of your own\n"
        "  swaks --server {1} --tls --auth PLAIN --auth-user me --to anna@gmail.test\n\n{2}",
        stage_.config_file(), submission_.text(), magic_help()));
  }

  io::AsioLoop& loop_;
  Options options_;
  Stage& stage_;
  daemon::Relay& relay_;
  io::SignalWatch signals_;
  io::Worker reader_{"waypost-demo"};
  std::unique_ptr<tls::ClientContext> client_tls_;
  std::optional<Traffic> traffic_;
  Summary summary_{personas()};
  Endpoint submission_;
  Instant began_;
  bool settled_ = false;
  bool interrupted_ = false;
  io::TaskGroup progress_;
};

daemon::RelayOptions options_of(const Stage& stage,
                                std::shared_ptr<const classify::RuleBook> rules) {
  daemon::RelayOptions options{{stage.config(), std::move(rules)}, {}, {}, {}};
  options.demo_word = stage.entry().word;
  return options;
}

int could_not(const Error& error) {
  std::fprintf(stderr, "waypost: the demo cannot start: %s\n", error.describe().c_str());
  return 2;
}

}  // namespace

int run(Options options) {
  io::AsioLoop loop;
  auto stage = Stage::build(loop, options.port, options.seed);
  if (!stage) return could_not(stage.error());
  NewsJournal journal;
  // Nobody's to delete: the shipped rules live as long as the program.
  std::shared_ptr<const classify::RuleBook> rules(std::shared_ptr<void>(),
                                                  &classify::shipped_book());
  auto relay = daemon::Relay::start(loop, options_of(**stage, std::move(rules)), journal);
  if (!relay) return could_not(relay.error());
  int exit_code = 2;
  Demo demo(loop, std::move(options), **stage, **relay);
  io::TaskGroup tasks;
  loop.post([&] { tasks.start(demo.play(exit_code)); });
  loop.run();
  return exit_code;
}

}  // namespace waypost::demo
