#include "demo/capture.h"

#include <cstdio>

#include <fmt/format.h>

#include "classify/shipped_rules.h"
#include "config/data_paths.h"
#include "daemon/capture_mark.h"
#include "daemon/relay.h"
#include "demo/capture_courier.h"
#include "demo/props.h"
#include "io/asio_loop.h"
#include "io/task_group.h"
#include "io/temporary_folder.h"
#include "records/keys.h"

namespace waypost::demo {
namespace {

constexpr uint16_t usual_port = 1025;
constexpr uint16_t usual_http_port = 8025;
constexpr Duration looked_at_every = std::chrono::milliseconds(50);

// What there is around the relay; all but the data folder goes away with it.
struct Surroundings {
  io::TemporaryFolder folder;
  std::string config_file;
  config::Config config;
  Entry entry;
  std::string login;
  Secret password;
};

std::string configuration_text(const CaptureOptions& options, const std::string& folder,
                               const std::string& data_dir) {
  return fmt::format(R"(# Of waypost serve --capture: it exists as long as that runs.
hostname = "capture.test"
loops = 1
data_dir = "{0}"

[[listener]]
address = "127.0.0.1:{1}"
tls = "starttls"
trusted_networks = ["127.0.0.0/8"]
login_without_tls = "loopback"

[http]
address = "127.0.0.1:{2}"

[tls]
certificate = "{3}/certificate.pem"
key = "{3}/key.pem"

[limits]
spool_free_octets_min = "16MiB"

[queue]
retry_first = "2s"
retry_max = "5m"
expire_after = "7d"
delay_notice_after = "0s"

[suppressions]
mode = "off"

[signing]
unsigned = "accept"

[diagnosis]
enabled = false

# Were anything sent all the same, no name would be found.
[dns]
resolver = "127.0.0.1:1"
)",
                     data_dir, options.port.value_or(usual_port),
                     options.http_port.value_or(usual_http_port), folder);
}

// A login for programs that insist on one: new at each start, as its password is shown once.
Result<void> make_key(io::AsioLoop& loop, Surroundings& made) {
  TRY(auto keys, records::Keys::open(config::DataPaths(made.config.data_dir).keys));
  made.login = fmt::format("capture-{:08x}", loop.rng().next() & 0xffffffff);
  TRY(std::string secret,
      keys->create(made.login, "default", "transactional", loop.clock().wall_now(), loop.rng(), {},
                   {records::Scope::send, records::Scope::read}));
  made.password = Secret::take(secret);
  return {};
}

Result<Surroundings> surround(io::AsioLoop& loop, const CaptureOptions& options) {
  TRY(io::TemporaryFolder folder, io::TemporaryFolder::make("waypost-capture"));
  auto disk = io::make_system_disk();
  const std::string data_dir =
      options.data_dir.empty() ? folder.path() + "/data" : options.data_dir;
  // Before anything is written into a folder that may be another relay's.
  TRY_VOID(daemon::claim_data_folder(*disk, data_dir, true));
  Surroundings made{std::move(folder), {}, {}, {}, {}, {}};
  const std::string& at = made.folder.path();
  auto certificate = write_certificate(loop, *disk, at, {"localhost"});
  if (!certificate) return failure(std::move(certificate).error());
  made.config_file = at + "/waypost.toml";
  TRY(made.config,
      write_configuration(*disk, made.config_file, configuration_text(options, at, data_dir)));
  TRY_VOID(make_key(loop, made));
  TRY(made.entry, make_admin(loop, data_dir));
  return made;
}

void greet(const daemon::Relay& relay, const Surroundings& around, bool is_kept) {
  say(fmt::format(
      "CAPTURE  This relay takes mail, keeps it and shows it. It sends none of it to anybody.\n"
      "         SMTP on {} for every program here, with STARTTLS or without;\n"
      "         for programs that log in: {} with the password {}\n"
      "         Mail is kept in {}{}, for a week at most\n",
      relay.listening_at().front().text(), around.login, around.password.reveal(),
      around.config.data_dir, is_kept ? "" : " until this ends"));
  if (const auto at = relay.http_at(); at && daemon::Relay::has_pages())
    say(
        fmt::format("         Dashboard: http://{0}/v1/session/enter?word={1}   (opens once)\n"
                    "         later      http://{0}/, as \"{2}\" with the password {3}\n",
                    at->text(), around.entry.word, daemon::demo_admin, around.entry.password));
  say(fmt::format("         waypost --config {} trace ADDRESS\n         End it with Ctrl-C.\n",
                  around.config_file));
}

io::Task<void> run_until(io::AsioLoop& loop, daemon::Relay& relay, const bool& interrupted,
                         int& exit_code) {
  while (!interrupted) co_await io::sleep_until(loop, loop.now() + looked_at_every);
  const bool ended_cleanly = co_await relay.stop();
  exit_code = ended_cleanly ? 0 : 2;
  loop.stop();
}

int could_not(const Error& error) {
  constexpr int could_not_finish = 2, configuration = 78;
  std::fprintf(stderr, "waypost: the capture cannot start: %s\n", error.describe().c_str());
  return error.code() == ErrorCode::invalid_input ? configuration : could_not_finish;
}

}  // namespace

int capture(const CaptureOptions& options) {
  io::AsioLoop loop;
  auto around = surround(loop, options);
  if (!around) return could_not(around.error());
  CaptureCourier courier;
  NewsJournal journal;
  // Nobody's to delete: the shipped rules live as long as the program.
  std::shared_ptr<const classify::RuleBook> rules(std::shared_ptr<void>(),
                                                  &classify::shipped_book());
  daemon::RelayOptions relay_options{{around->config, std::move(rules)}, {}, {}, {}};
  relay_options.demo_word = around->entry.word;
  relay_options.capture = daemon::Capture{kept_because, &courier};
  auto relay = daemon::Relay::start(loop, std::move(relay_options), journal);
  if (!relay) return could_not(relay.error());
  bool interrupted = false;
  io::SignalWatch signals(loop, [&](int) { interrupted = true; });
  // Who reads how to end it may do so at once.
  greet(**relay, *around, !options.data_dir.empty());
  int exit_code = 2;
  io::TaskGroup tasks;
  loop.post([&] { tasks.start(run_until(loop, **relay, interrupted, exit_code)); });
  loop.run();
  return exit_code;
}

}  // namespace waypost::demo
