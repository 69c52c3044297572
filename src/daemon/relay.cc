#include "daemon/relay.h"

#include <fmt/format.h>

#include "base/whole_seconds.h"
#include "config/data_paths.h"
#include "daemon/adapters.h"
#include "daemon/backup_control.h"
#include "daemon/control.h"
#include "daemon/health_pages.h"
#include "daemon/queue_control.h"
#include "daemon/settings.h"
#include "daemon/site_control.h"
#include "delivery/deliverer.h"
#include "intake/drop_pickup.h"
#include "intake/intake.h"
#include "io/disk.h"
#include "io/task_group.h"
#include "io/timer.h"
#include "io/worker.h"
#include "notices/reporter.h"
#include "queue/queue.h"
#include "records/days.h"
#include "records/event_log.h"
#include "records/keys.h"
#include "records/recorder.h"
#include "spool/rocks_store.h"
#include "submission/server.h"
#include "web/server.h"

namespace waypost::daemon {

using config::Config;
using config::DataPaths;
namespace {

constexpr Duration health_interval = std::chrono::seconds(5);
// Far longer than a sync on a disk that works, far shorter than a client waits for its reply.
constexpr std::chrono::seconds spool_write_patience{10};
// Let's Encrypt renews 30 days ahead; whoever is nearer to the end has a renewal that fails.
constexpr std::chrono::days certificate_warning{14};
constexpr Duration reload_checked_every = std::chrono::milliseconds(10);

std::optional<std::string> expiry_trouble(const tls::ServerContext& certificate, WallTime now) {
  const WallTime end = certificate.expires_at();
  if (end - now > certificate_warning) return std::nullopt;
  return fmt::format("{} {}: renew it and reload", end > now ? "it expires at" : "it expired at",
                     base::to_whole_seconds(end));
}

// fail2ban reads it: docs/operate/logins.md has the expression.
std::string text_of(const submission::FailedLogin& failed) {
  return fmt::format("login refused: client {}, login {}, session {}", failed.client.text(),
                     failed.login.empty() ? "not shown" : failed.login, failed.session);
}

}  // namespace

// What all shards share, then the parts of the one shard, each after what it uses. Destroyed from
// the end.
struct Relay::Parts {
  // One listener of the configuration.
  struct Listening {
    config::Listener configured;
    std::unique_ptr<submission::Server> server;
    Endpoint at;
  };
  // The rules, ready to be asked. Made on a thread that may be busy for a while.
  struct Knowledge {
    explicit Knowledge(std::shared_ptr<const classify::RuleBook> the_book)
        : book(std::move(the_book)), classifier(*book) {}
    std::shared_ptr<const classify::RuleBook> book;
    classify::Classifier classifier;
  };
  // All that a reload needs, so that nothing can fail once it begins to change things.
  struct Prepared {
    Config config;
    std::unique_ptr<Knowledge> knowledge;
    std::shared_ptr<tls::ServerContext> certificate;
    std::vector<std::optional<size_t>> kept;            // for each new listener: the running one
    std::vector<std::unique_ptr<io::Listener>> opened;  // for each that is not kept
  };
  using Refusal = std::vector<std::string>;

  Parts(io::AsioLoop& the_loop, RelayOptions the_options, Journal& the_journal)
      : loop(the_loop),
        options(std::move(the_options)),
        paths(options.setup.config.data_dir),
        journal(the_journal),
        knowledge(std::make_unique<Knowledge>(std::move(options.setup.rules))) {
    // The first reply must not find the rules uncompiled: no mail would move meanwhile.
    rules_worker.submit([this] { knowledge->classifier.compile(); });
  }

  Result<void> open_storage();
  Result<void> open_network();
  Result<void> open_client_tls();
  Result<void> check_logins(const Config& of);
  void join();
  Result<void> recover();
  Result<void> open_drop();
  Result<void> listen_for_http();
  Result<void> listen();
  Result<void> listen_at(const config::Listener& listener);
  void serve_at(const config::Listener& listener, std::unique_ptr<io::Listener> socket);
  Result<std::shared_ptr<tls::ServerContext>> load_certificate(const Config& of);
  bool has_room();
  void watch_health();
  void check_health();
  std::optional<std::string> spool_trouble() const;
  std::vector<IpAddress> own_addresses();

  io::Task<ReloadOutcome> reload();
  io::Task<void> answer_reload(ControlAnswer& answer);
  io::Task<tl::expected<Prepared, Refusal>> prepare_aside();
  tl::expected<Prepared, Refusal> prepare();
  Refusal open_listeners(Prepared& prepared);
  void apply(Prepared prepared);
  void apply_listeners(Prepared& prepared);

  const Config& config() const { return options.setup.config; }

  io::AsioLoop& loop;
  RelayOptions options;
  DataPaths paths;
  Journal& journal;
  std::unique_ptr<io::Disk> disk = io::make_system_disk();
  std::unique_ptr<Knowledge> knowledge;
  classify::Reader replies{knowledge->classifier};
  io::Worker rules_worker{"waypost-rules"};  // reads configurations and rules, and compiles them
  bool reloading = false;
  bool stopping = false;

  std::unique_ptr<spool::RocksStore> store;
  std::unique_ptr<records::Keys> keys;
  std::unique_ptr<records::EventLog> event_log;
  std::unique_ptr<records::Recorder> recorder;  // none when switched off
  std::unique_ptr<io::Worker> keys_worker;
  std::unique_ptr<dns::UnboundContext> names;
  std::unique_ptr<tls::ClientContext> opportunistic_tls;
  std::unique_ptr<tls::ClientContext> verifying_tls;  // null without a list of authorities
  std::unique_ptr<FileSecrets> secrets;
  std::shared_ptr<tls::ServerContext> certificate;

  std::unique_ptr<spool::Spool> spool;
  std::unique_ptr<events::Sink> sink;
  std::unique_ptr<dns::Resolver> resolver;
  std::unique_ptr<delivery::Deliverer> deliverer;
  std::unique_ptr<DeliveryCourier> courier;
  std::unique_ptr<notices::Reporter> reporter;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<KeyAuthenticator> authenticator;
  std::unique_ptr<intake::Intake> intake;
  submission::Clients clients;
  std::unique_ptr<io::Worker> drop_worker;
  std::unique_ptr<intake::DropPickup> pickup;
  std::vector<Listening> listenings;
  std::vector<std::unique_ptr<submission::Server>> retired;  // no more listeners, some sessions
  std::unique_ptr<QueueControl> queue_control;
  std::unique_ptr<BackupControl> backup_control;
  std::unique_ptr<SiteControl> site_control;
  std::unique_ptr<ControlServer> control;
  Health health{journal};
  std::unique_ptr<web::Server> http;
  io::Timer health_timer{loop.timers()};
};

Relay::Relay(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Relay::~Relay() = default;

Result<std::unique_ptr<Relay>> Relay::start(io::AsioLoop& loop, RelayOptions options,
                                            Journal& journal) {
  auto parts = std::make_unique<Parts>(loop, std::move(options), journal);
  TRY_VOID(parts->open_storage());
  TRY_VOID(parts->open_network());
  parts->join();
  TRY_VOID(parts->recover());
  TRY_VOID(parts->open_drop());
  TRY_VOID(parts->listen());
  // Last: what it does on its worker must be awaited, which nobody would after a failure.
  parts->pickup->start();
  return std::unique_ptr<Relay>(new Relay(std::move(parts)));
}

Result<void> Relay::Parts::open_storage() {
  if (disk->exists(paths.restoring))
    return failure(ErrorCode::invalid_input, "a restore did not come to its end: empty " +
                                                 options.setup.config.data_dir +
                                                 " and restore again");
  spool::RocksOptions rocks;
  rocks.path = paths.spool;
  TRY(store, spool::RocksStore::open(rocks));
  if (const auto& torn = store->torn_tail())
    journal.info(
        fmt::format("the spool's log {} ended in {} octets of a write that was cut short: "
                    "none of it had been acknowledged",
                    torn->file, torn->octets));
  // Others of the group may read what is in it, but for the keys.
  TRY_VOID(disk->make_folders(paths.records, 0750));
  TRY(keys, records::Keys::open(paths.keys));
  TRY(event_log, records::EventLog::open(*disk, loop.clock(), event_log_options(config()),
                                         [this](const std::string& line) { journal.error(line); }));
  if (config().records.keep > Duration::zero()) {
    TRY(recorder,
        records::Recorder::open(*disk, loop.clock(), recorder_options(config()),
                                [this](const std::string& line) { journal.warning(line); }));
  } else if (auto removed = records::remove_all_days(*disk, paths.records); !removed) {
    journal.warning("records that are not wanted any more: " + removed.error().describe());
  }
  keys_worker = std::make_unique<io::Worker>("waypost-keys");
  return {};
}

Result<void> Relay::Parts::open_network() {
  TRY(names, dns::UnboundContext::create(resolver_options(config()), *disk));
  TRY_VOID(open_client_tls());
  TRY(certificate, load_certificate(config()));
  return {};
}

Result<std::shared_ptr<tls::ServerContext>> Relay::Parts::load_certificate(const Config& of) {
  std::shared_ptr<tls::ServerContext> loaded;
  if (of.tls.certificate.empty()) return loaded;
  TRY(loaded, tls::ServerContext::from_files(of.tls.certificate, of.tls.key, *disk));
  return loaded;
}

Result<void> Relay::Parts::open_client_tls() {
  using tls::Verification;
  TRY(opportunistic_tls, tls::ClientContext::create({Verification::opportunistic, options.ca_file},
                                                    *disk, loop.clock()));
  auto verifying =
      tls::ClientContext::create({Verification::required, options.ca_file}, *disk, loop.clock());
  if (verifying)
    verifying_tls = *std::move(verifying);
  else if (verifying.error().code() != ErrorCode::not_found || !options.ca_file.empty())
    return failure(std::move(verifying).error());
  secrets = std::make_unique<FileSecrets>(loop, *keys_worker, *disk);
  return check_logins(config());
}

// What mail to a next hop would otherwise have to wait for.
Result<void> Relay::Parts::check_logins(const Config& of) {
  if (!verifying_tls && needs_certificates(of))
    return failure(ErrorCode::not_found,
                   "the configuration wants certificates that hold, and the system has no list of "
                   "certificate authorities: install the package ca-certificates, or name a file "
                   "with --ca-file");
  for (const std::string& file : secret_files(of)) {
    auto secret = delivery::read_secret_file(*disk, file);
    if (!secret) return failure(std::move(secret).error());
  }
  return {};
}

void Relay::Parts::join() {
  spool = spool::make_spool(*store, loop);
  sink = event_log->sink(loop);
  if (recorder) sink = recorder->sink(std::move(sink));
  resolver = dns::make_resolver(*names, loop);
  deliverer = std::make_unique<delivery::Deliverer>(
      delivery::Deliverer::Dependencies{loop, loop.network(), *resolver, *opportunistic_tls,
                                        verifying_tls.get(), *spool, secrets.get()},
      delivery_settings(config(), own_addresses()));
  courier = std::make_unique<DeliveryCourier>(*deliverer);
  auto queue_it = [this](spool::Envelope envelope) { queue->add(std::move(envelope)); };
  reporter = std::make_unique<notices::Reporter>(
      notices::Reporter::Services{loop, *spool, *sink, replies, queue_it},
      notice_settings(config()));
  queue = std::make_unique<queue::Queue>(
      queue::Queue::Dependencies{loop, *spool, *sink, *courier, replies, *reporter},
      queue_settings(config()));
  queue_control = std::make_unique<QueueControl>(
      QueueControl::Services{loop, *queue, *keys_worker, *disk}, paths.pauses);
  health.report("keys", Health::Weight::warns, std::nullopt);
  authenticator = std::make_unique<KeyAuthenticator>(
      loop, *keys_worker, *keys, [this](std::optional<std::string> trouble) {
        health.report("keys", Health::Weight::warns, std::move(trouble));
      });
  intake::Services services{loop, *spool, *sink, {}, {}, {}};
  services.accepted = queue_it;
  services.has_room = [this] { return has_room(); };
  services.storage_failed = [this](const Error& error) {
    journal.error("a message could not be stored and was refused: " + error.describe());
  };
  intake = std::make_unique<intake::Intake>(std::move(services), intake_limits(config()),
                                            config().hostname);
}

// A list that cannot be had costs a check: our name in the greeting shows a loop as well.
std::vector<IpAddress> Relay::Parts::own_addresses() {
  auto addresses = loop.network().own_addresses();
  if (addresses) return *std::move(addresses);
  journal.warning(
      "this machine's addresses cannot be had, so that an MX record that leads back to "
      "it shows only by our name: " +
      addresses.error().describe());
  return {};
}

bool Relay::Parts::has_room() {
  auto free = disk->free_octets(paths.spool);
  if (!free || *free >= config().limits.spool_free_octets_min) return true;
  store->make_room(*free);
  return false;
}

Result<void> Relay::Parts::recover() {
  if (std::string trouble = queue_control->restore_pauses(); !trouble.empty())
    journal.error(trouble);
  size_t damaged = 0;
  TRY_VOID(spool->recover(
      [this](spool::StoredMessage message) { queue->restore(std::move(message)); },
      [&](MessageId id, Error error) {
        ++damaged;
        journal.error(fmt::format("message {} is damaged in the spool and stays there: {}",
                                  id.text(), error.describe()));
      }));
  if (queue->messages() > 0)
    journal.info(fmt::format("{} messages with {} recipients were waiting in the spool",
                             queue->messages(), queue->unsettled_recipients()));
  return {};
}

Result<void> Relay::Parts::open_drop() {
  drop_worker = std::make_unique<io::Worker>("waypost-drop");
  intake::DropPickup::Services services{loop, *intake, *drop_worker, {}};
  services.trouble = [this](const std::string& line) { journal.error(line); };
  pickup = std::make_unique<intake::DropPickup>(std::move(services), paths.drop);
  auto is_stored = [this](const MessageId& id) { return queue->envelope(id) != nullptr; };
  TRY_VOID(pickup->prepare(config().drop.group, is_stored));
  return {};
}

Result<void> Relay::Parts::listen() {
  for (const config::Listener& listener : config().listeners) TRY_VOID(listen_at(listener));
  TRY(auto socket, loop.network().listen_local(paths.control_socket));
  control = std::make_unique<ControlServer>(loop, std::move(socket));
  control->on("reload",
              [this](boost::json::object, ControlAnswer& answer) { return answer_reload(answer); });
  queue_control->answer_at(*control);
  backup_control = std::make_unique<BackupControl>(loop, *store, paths.checkpoint);
  TRY_VOID(backup_control->clear());
  backup_control->answer_at(*control);
  site_control = std::make_unique<SiteControl>(loop, *queue, *disk, paths.spool);
  site_control->answer_at(*control);
  control->start();
  TRY_VOID(listen_for_http());
  watch_health();
  return {};
}

Result<void> Relay::Parts::listen_for_http() {
  if (!config().http.address) return {};
  TRY(auto socket, loop.network().listen(*config().http.address, {}));
  web::Router router;
  add_health_pages(router, health);
  http = std::make_unique<web::Server>(loop, std::move(socket), std::move(router));
  http->start();
  journal.info("HTTP on " + http->local().text());
  return {};
}

Result<void> Relay::Parts::listen_at(const config::Listener& listener) {
  TRY(auto socket, loop.network().listen(listener.address, {}));
  serve_at(listener, std::move(socket));
  return {};
}

void Relay::Parts::serve_at(const config::Listener& listener,
                            std::unique_ptr<io::Listener> socket) {
  Endpoint at = socket->local();
  submission::Services services{loop, *intake, clients, authenticator.get(), certificate};
  services.login_failed = [this](const submission::FailedLogin& failed) {
    journal.warning(text_of(failed));
  };
  auto server = std::make_unique<submission::Server>(submission_settings(config(), listener),
                                                     std::move(services));
  server->add_listener(std::move(socket), tls_mode(listener));
  server->start();
  listenings.push_back({listener, std::move(server), at});
}

// ---- a new configuration

io::Task<ReloadOutcome> Relay::reload() { return parts_->reload(); }

io::Task<ReloadOutcome> Relay::Parts::reload() {
  ReloadOutcome outcome;
  auto prepared = co_await prepare_aside();
  if (prepared) {
    Refusal refusal = open_listeners(*prepared);
    if (!refusal.empty()) prepared = tl::unexpected(std::move(refusal));
  }
  if (!prepared) {
    outcome.problems = std::move(prepared).error();
    for (const std::string& problem : outcome.problems) journal.error("not reloaded: " + problem);
    co_return outcome;
  }
  outcome.done = true;
  outcome.needs_restart = hold_back(config(), prepared->config);
  apply(*std::move(prepared));
  journal.info("configuration reloaded");
  for (const std::string& key : outcome.needs_restart)
    journal.warning("the change of " + key + " takes a restart; until then the old one holds");
  co_return outcome;
}

io::Task<tl::expected<Relay::Parts::Prepared, Relay::Parts::Refusal>>
Relay::Parts::prepare_aside() {
  if (!options.load_again)
    co_return tl::unexpected(Refusal{"this relay has no file to read again"});
  if (reloading) co_return tl::unexpected(Refusal{"another reload is under way"});
  using Answer = tl::expected<Prepared, Refusal>;
  reloading = true;
  std::function<Answer()> work = [this] { return prepare(); };
  Answer answer = co_await io::run_on<Answer>(rules_worker, loop, std::move(work));
  reloading = false;
  if (stopping) co_return tl::unexpected(Refusal{"the relay is stopping"});
  co_return answer;
}

io::Task<void> Relay::Parts::answer_reload(ControlAnswer& answer) {
  ReloadOutcome outcome = co_await reload();
  std::string line = to_json_line(outcome);
  co_await answer.write(std::move(line));
}

// On the reload's own thread: reads nothing of the relay that its loop may change.
tl::expected<Relay::Parts::Prepared, Relay::Parts::Refusal> Relay::Parts::prepare() {
  auto setup = options.load_again();
  if (!setup) return tl::unexpected(std::move(setup).error());
  Prepared prepared;
  auto loaded = load_certificate(setup->config);
  if (!loaded) return tl::unexpected(Refusal{loaded.error().describe()});
  prepared.certificate = *std::move(loaded);
  Result<void> logins = check_logins(setup->config);
  if (!logins) return tl::unexpected(Refusal{logins.error().describe()});
  prepared.knowledge = std::make_unique<Knowledge>(std::move(setup->rules));
  prepared.knowledge->classifier.compile();
  prepared.config = std::move(setup->config);
  return prepared;
}

// Pairs each listener with the running one of that address, and opens the others.
Relay::Parts::Refusal Relay::Parts::open_listeners(Prepared& prepared) {
  std::vector<bool> taken(listenings.size());
  for (const config::Listener& listener : prepared.config.listeners) {
    std::optional<size_t> running;
    for (size_t i = 0; i < listenings.size() && !running; ++i)
      if (!taken[i] && listenings[i].configured.address == listener.address) running = i;
    prepared.kept.push_back(running);
    if (running) {
      taken[*running] = true;
      continue;
    }
    auto socket = loop.network().listen(listener.address, {});
    if (!socket)
      return {
          fmt::format("{}: {} (an address of a listener that goes away becomes free only after "
                      "the reload: restart instead)",
                      listener.origin.text(), socket.error().describe())};
    prepared.opened.push_back(*std::move(socket));
  }
  return {};
}

void Relay::Parts::apply(Prepared prepared) {
  options.setup.config = std::move(prepared.config);
  certificate = std::move(prepared.certificate);
  replies.use(prepared.knowledge->classifier);
  knowledge = std::move(prepared.knowledge);
  journal.set_level(config().log.level);
  deliverer->reconfigure(delivery_settings(config(), own_addresses()));
  reporter->reconfigure(notice_settings(config()));
  queue->reconfigure(queue_settings(config()));
  intake->reconfigure(intake_limits(config()), config().hostname);
  apply_listeners(prepared);
  check_health();
}

void Relay::Parts::apply_listeners(Prepared& prepared) {
  std::vector<Listening> before = std::exchange(listenings, {});
  auto opened = prepared.opened.begin();
  for (size_t i = 0; i < prepared.kept.size(); ++i) {
    const config::Listener& listener = config().listeners[i];
    if (!prepared.kept[i]) {
      serve_at(listener, std::move(*opened++));
      journal.info("listening on " + listenings.back().at.text());
      continue;
    }
    Listening& kept = before[*prepared.kept[i]];
    kept.server->reconfigure(submission_settings(config(), listener), tls_mode(listener));
    kept.server->set_certificate(certificate);
    listenings.push_back({listener, std::move(kept.server), kept.at});
  }
  for (Listening& listening : before) {
    if (!listening.server) continue;
    listening.server->close_listeners();
    retired.push_back(std::move(listening.server));
    journal.info("no longer listening on " + listening.at.text());
  }
}

// ---- how it does

void Relay::Parts::watch_health() {
  check_health();
  std::erase_if(retired, [](const auto& server) { return server->finished(); });
  health_timer.start(loop.now() + health_interval, [this] { watch_health(); });
}

void Relay::Parts::check_health() {
  using Weight = Health::Weight;
  using Trouble = std::optional<std::string>;
  health.report("spool", Weight::stops_mail, spool_trouble());
  health.report("disk", Weight::stops_mail,
                has_room() ? Trouble()
                           : fmt::format("less than {} octets are free at {}: new mail gets 452, "
                                         "what waits is still sent",
                                         config().limits.spool_free_octets_min, paths.spool));
  health.report("event_log", Weight::warns,
                event_log->failing() ? Trouble("the disk does not take events; they wait in memory")
                                     : Trouble());
  health.report("certificate", Weight::warns,
                certificate ? expiry_trouble(*certificate, loop.wall_now()) : Trouble());
}

std::optional<std::string> Relay::Parts::spool_trouble() const {
  if (!spool->healthy())
    return "a write or sync failed: new mail gets 451 and nothing is sent until a restart; look "
           "after the disk first";
  const std::optional<Duration> busy = store->busy_for();
  if (!busy || *busy < spool_write_patience) return std::nullopt;
  return fmt::format(
      "a write or sync has not ended for {}: no mail gets its reply until it does; "
      "look after the disk at {}",
      base::to_human(*busy), paths.spool);
}

// ---- from outside

std::vector<Endpoint> Relay::listening_at() const {
  std::vector<Endpoint> addresses;
  for (const Parts::Listening& listening : parts_->listenings) addresses.push_back(listening.at);
  return addresses;
}

const Health& Relay::health() const { return parts_->health; }

size_t Relay::waiting() const { return parts_->queue->unsettled_recipients(); }

io::Task<bool> Relay::stop() {
  Parts& parts = *parts_;
  parts.stopping = true;
  parts.health_timer.cancel();
  Instant sessions_end = parts.loop.now() + stop_patience / 2;
  co_await parts.control->stop();
  io::TaskGroup stops;
  stops.start(parts.pickup->stop());
  if (parts.http) stops.start(parts.http->stop(sessions_end));
  for (auto& listening : parts.listenings) stops.start(listening.server->stop(sessions_end));
  for (auto& server : parts.retired) stops.start(server->stop(sessions_end));
  co_await stops.join();
  // Its thread reads what goes away behind this.
  while (parts.reloading)
    co_await io::sleep_until(parts.loop, parts.loop.now() + reload_checked_every);
  bool attempts_ended = co_await parts.queue->stop(parts.loop.now() + stop_patience / 2);
  if (attempts_ended) co_await parts.deliverer->stop();
  parts.sink.reset();
  Result<void> logged = parts.event_log->close();
  if (!logged) parts.journal.error("closing the event log: " + logged.error().describe());
  if (parts.recorder) parts.recorder->close();
  co_return attempts_ended;
}

}  // namespace waypost::daemon
