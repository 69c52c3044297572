#include <algorithm>
#include <utility>

#include "daemon/capture_mark.h"
#include "daemon/listening_sockets.h"
#include "daemon/quota_file.h"
#include "daemon/relay_parts.h"
#include "daemon/settings.h"
#include "dashboard/shipped_dashboard.h"
#include "delivery/secrets.h"
#include "records/days.h"

// The relay from its start to its stop.
namespace waypost::daemon {

Relay::Relay(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Relay::~Relay() = default;

Result<std::unique_ptr<Relay>> Relay::start(io::AsioLoop& loop, RelayOptions options,
                                            Journal& journal) {
  auto parts = std::make_unique<Parts>(loop, std::move(options), journal);
  TRY_VOID(resolve_passed(parts->options.setup.config, *parts->passed));
  TRY_VOID(parts->open_storage());
  TRY_VOID(parts->open_network());
  parts->join();
  TRY_VOID(parts->recover());
  TRY_VOID(parts->open_drop());
  TRY_VOID(parts->listen());
  // Last, since nothing may fail any more: what they begin must come to its end.
  parts->pickup->start();
  parts->run();
  return std::unique_ptr<Relay>(new Relay(std::move(parts)));
}

Result<void> Relay::Parts::open_storage() {
  if (disk->exists(paths.restoring))
    return failure(ErrorCode::invalid_input, "a restore did not come to its end: empty " +
                                                 options.setup.config.data_dir +
                                                 " and restore again");
  TRY_VOID(claim_data_folder(*disk, config().data_dir, options.capture.has_value()));
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
  TRY(suppressions, guard::Suppressions::open(paths.suppressions));
  TRY(event_log, records::EventLog::open(*disk, loop.clock(), event_log_options(config()),
                                         [this](const std::string& line) { journal.error(line); }));
  if (config().records.keep > Duration::zero()) {
    TRY(recorder,
        records::Recorder::open(*disk, loop.clock(), recorder_options(config()),
                                [this](const std::string& line) { journal.warning(line); }));
  } else if (auto removed = records::remove_all_days(*disk, paths.records); !removed) {
    journal.warning("records that are not wanted any more: " + removed.error().describe());
  }
  TRY(return_paths, load_return_paths(config(), paths.return_path_key, *disk, loop.rng()));
  keys_worker = std::make_unique<io::Worker>("waypost-keys");
  room = std::make_unique<Room>(*disk, *store, paths.spool);
  room->keep_free(config().limits.spool_free_octets_min);
  return {};
}

Result<void> Relay::Parts::open_network() {
  TRY(names, dns::UnboundContext::create(resolver_options(config()), *disk));
  TRY_VOID(open_client_tls());
  TRY(certificate, load_certificate(config()));
  use(domains::load_signers(*disk, signer_sources(config(), paths.signing_keys), nullptr));
  make_shards();
  web_client = std::make_unique<web::Client>(web::Client::Surroundings{
      loop, loop.network(), home_shard().resolver(), verifying_tls.get()});
  TRY(tokens, load_token_judge(config(), token_services()));
  for (const char* check : {"keys", "tokens"})
    health.report(check, Health::Weight::warns, std::nullopt);
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

// What cannot be read never stops mail: it goes out with the signatures of before, or without.
void Relay::Parts::use(domains::LoadedSigners signing) {
  signers = std::move(signing.signers);
  std::optional<std::string> trouble;
  if (!signing.troubles.empty())
    trouble = fmt::format("mail may go out unsigned: {}", fmt::join(signing.troubles, "; "));
  health.report("signing", Health::Weight::warns, std::move(trouble));
}

SiteDoctor::Services Relay::Parts::doctor_services() {
  return {*names, *opportunistic_tls, *disk, options.ca_file, config().dns.resolver};
}

void Relay::Parts::make_diagnostician() {
  site_doctor = std::make_unique<SiteDoctor>(doctor_services());
  diagnostician = std::make_unique<Diagnostician>(Diagnostician::Services{
      loop, [this](const events::Event& event) { return question_about(config(), event); },
      [this](SiteQuestion question) { return site_doctor->examine(loop, std::move(question)); },
      [this](events::Event event) { home.emit(std::move(event)); }});
  diagnostician->enable(config().diagnosis.enabled);
}

// The first one keeps the queue, and so all that is one for all.
void Relay::Parts::make_shards() {
  const size_t count = shards_wanted(config());
  make_diagnostician();
  sink = event_log->sink(loop);
  if (recorder) sink = recorder->sink(std::move(sink));
  if (config().http.address) sink = std::make_unique<HeardSink>(*this, std::move(sink));
  sink = diagnostician->sink(std::move(sink));
  commons = std::make_unique<Commons>(Commons{
      journal, *disk, *room, *keys_worker, *keys, *suppressions, *store,
      std::make_shared<spool::HeldContent>(), *names, *opportunistic_tls, verifying_tls.get(),
      clients, *passed, return_paths, options.capture ? options.capture->keeps_back : nullptr});
  shard_config = std::make_shared<const Config>(config());
  delivery = delivery_of_each(count);
  first_shard = std::make_unique<Shard>(loop, *commons, home, orders());
  shards = {first_shard.get()};
  while (shards.size() < count) {
    threads.push_back(
        std::make_unique<io::LoopThread>(fmt::format("waypost-loop-{}", shards.size())));
    io::AsioLoop& its_loop = threads.back()->loop();
    Neighbour next;
    next.home = std::make_unique<DistantHome>(its_loop, first_shard->remote(), home);
    next.shard = std::make_unique<Shard>(its_loop, *commons, *next.home, orders());
    shards.push_back(next.shard.get());
    neighbours.push_back(std::move(next));
  }
  std::vector<Carriers::Carrier> couriers;
  for (Shard* shard : shards) couriers.push_back({&shard->remote(), &shard->courier()});
  carriers = std::make_unique<Carriers>(std::move(couriers));
  carriers->forget_idle(config().delivery.idle_connection);
}

Orders Relay::Parts::orders() const {
  std::optional<std::string> token_scope;
  if (tokens) token_scope = tokens->rules().scope;
  return {shard_config, certificate, std::move(token_scope), delivery, signers};
}

// The limit over all sites is one for all: each carrier gets its part.
delivery::Settings Relay::Parts::delivery_of_each(size_t count) {
  delivery::Settings settings = delivery_settings(config(), own_addresses());
  const auto carrying = static_cast<unsigned>(std::max<size_t>(count - 1, 1));
  settings.connections_max = std::max(settings.connections_max / carrying, 1u);
  if (return_paths)
    settings.reverse_path = [known = return_paths](const spool::Envelope& envelope,
                                                   std::span<const uint32_t> recipients) {
      return known->reverse_path(envelope, recipients);
    };
  return settings;
}

TokenServices Relay::Parts::token_services() {
  const auto tell = [this](std::optional<std::string> trouble) {
    if (trouble) trouble = "logins with tokens get 454, for their issuer cannot say: " + *trouble;
    health.report("tokens", Health::Weight::warns, std::move(trouble));
  };
  return {loop, *keys_worker, *disk, *web_client, tell};
}

void Relay::Parts::join() {
  spool::Spool& spool = home_shard().spool();
  auto queue_it = [this](spool::Envelope envelope) { queue->add(std::move(envelope)); };
  reporter = std::make_unique<notices::Reporter>(
      notices::Reporter::Services{loop, spool, *sink, replies, queue_it},
      notice_settings(config(), signers));
  suppressor = std::make_unique<QueueSuppressor>(QueueSuppressor::Services{
      loop, *suppressions, [this](const std::string& trouble) { journal.error(trouble); },
      return_paths});
  suppressor->reconfigure(config().suppressions.mode != config::SuppressionMode::off);
  queue = std::make_unique<queue::Queue>(
      queue::Queue::Dependencies{loop, spool, *sink, join_returns(spool), replies, *reporter,
                                 suppressor.get(), [this] { return event_log->written(loop); }},
      queue_settings(config()));
  quota_keeper = std::make_unique<QuotaKeeper>(QuotaKeeper::Services{
      loop, queue->quotas(), [this](auto quotas) { return write_quotas(std::move(quotas)); },
      [this](const std::string& trouble) { journal.error(trouble); }});
  queue_control = std::make_unique<QueueControl>(
      QueueControl::Services{
          loop, *queue, *keys_worker, *disk,
          [this](const queue::Standing& standing) { return diagnostician->of(standing); },
          [this](const std::string& line) { journal.info(line); }},
      paths.pauses);
  limit_control = std::make_unique<LimitControl>(
      LimitControl::Services{loop, *queue, *keys_worker, *disk,
                             [this](const std::string& line) { journal.info(line); }},
      paths.asked_limits);
}

queue::Courier& Relay::Parts::join_returns(spool::Spool& spool) {
  if (options.capture) return *options.capture->courier;
  if (!return_paths) return *carriers;
  returns::Reader::Services services{
      loop, returns_worker, spool, *sink, *suppressions, {}, {}, {}, {}, {}};
  services.accepted = [this](spool::Envelope envelope) { queue->add(std::move(envelope)); };
  services.queued = [this](MessageId id) { return queue->envelope(id); };
  services.look_up =
      [this, places = records::RecordPlaces{paths.records, paths.events},
       is_kept = config().records.keep > Duration::zero()](
          const returns::Reader::Wanted& wanted) -> Result<std::optional<returns::SentMessage>> {
    // Without records it would be the whole event log that is read, for each.
    if (!is_kept) return std::optional<returns::SentMessage>();
    return find_sent(*disk, places, wanted);
  };
  services.sends_as = [this](const std::string& domain) {
    return return_paths->sends_as(domain) || signers->find(domain) || signers->awaited(domain);
  };
  services.keep = keep_reports_in(paths.dmarc, config().records.keep_reports);
  returns_reader = std::make_unique<returns::Reader>(std::move(services), return_paths, rules());
  returns_courier = std::make_unique<ReturnsCourier>(*carriers, *return_paths, *returns_reader);
  return *returns_courier;
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

Result<void> Relay::Parts::recover() {
  if (std::string trouble = queue_control->restore_pauses(); !trouble.empty())
    journal.error(trouble);
  if (std::string trouble = limit_control->restore(); !trouble.empty()) journal.error(trouble);
  if (std::string trouble = quota_keeper->restore(*disk, paths.quotas); !trouble.empty())
    journal.error(trouble);
  size_t damaged = 0;
  TRY_VOID(home_shard().spool().recover(
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

io::Task<Result<void>> Relay::Parts::write_quotas(std::vector<queue::KeptQuota> quotas) {
  constexpr unsigned owner_only = 0600;
  std::function<Result<void>()> work = [&] {
    // To free so many takes its time as well.
    const std::string octets = encode_quotas(std::exchange(quotas, {}));
    return disk->write_file(paths.quotas, octets, owner_only);
  };
  co_return co_await io::run_on<Result<void>>(quota_worker, loop, std::move(work));
}

Result<void> Relay::Parts::open_drop() {
  drop_worker = std::make_unique<io::Worker>("waypost-drop");
  intake::DropPickup::Services services{loop, home_shard().intake(), *drop_worker, {}};
  services.trouble = [this](const std::string& line) { journal.error(line); };
  pickup = std::make_unique<intake::DropPickup>(std::move(services), paths.drop);
  auto is_stored = [this](const MessageId& id) { return queue->envelope(id) != nullptr; };
  TRY_VOID(pickup->prepare(config().drop.group, is_stored));
  return {};
}

void Relay::Parts::warn_of_unused_sockets() {
  for (const std::string& name : unused_sockets(config(), *passed))
    journal.warning("no [[listener]] has the address \"systemd:" + name +
                    "\": whoever connects to that socket waits for ever");
}

Result<void> Relay::Parts::listen() {
  warn_of_unused_sockets();
  TRY_VOID(open_entrances());
  TRY(auto socket, loop.network().listen_local(paths.control_socket));
  control = std::make_unique<ControlServer>(loop, std::move(socket));
  control->on("reload",
              [this](boost::json::object, ControlAnswer& answer) { return answer_reload(answer); });
  queue_control->answer_at(*control);
  limit_control->answer_at(*control);
  backup_control = std::make_unique<BackupControl>(loop, *store, paths.checkpoint);
  TRY_VOID(backup_control->clear());
  backup_control->answer_at(*control);
  site_control = std::make_unique<SiteControl>(loop, *queue, *disk, paths.spool);
  site_control->answer_at(*control);
  suppression_control = std::make_unique<SuppressionControl>(loop, *suppressions);
  suppression_control->answer_at(*control);
  control->start();
  TRY_VOID(listen_for_http());
  watch_health();
  return {};
}

Result<void> Relay::Parts::open_entrances() {
  std::optional<Entrances::Addresses> of_first;
  for (Shard* shard : shards) {
    auto opened =
        shard->entrances().prepare(config(), shards.size() > 1, of_first ? &*of_first : nullptr);
    if (!opened) return failure(std::move(opened).error().error);
    if (!of_first) of_first = *std::move(opened);
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    shards[i]->use(orders());
    shards[i]->entrances().apply(config(), certificate);
  }
  return {};
}

void Relay::Parts::run() {
  for (auto& thread : threads) thread->start();
}

// ---- from outside

std::vector<Endpoint> Relay::listening_at() const {
  return parts_->home_shard().entrances().addresses();
}

std::optional<Endpoint> Relay::http_at() const {
  return parts_->http ? std::optional(parts_->http->local()) : std::nullopt;
}

bool Relay::has_pages() { return !dashboard::shipped_dashboard().empty(); }

const Health& Relay::health() const { return parts_->health; }

size_t Relay::waiting() const { return parts_->queue->unsettled_recipients(); }

io::Task<void> Relay::events_written() { return parts_->event_log->written(parts_->loop); }

io::Task<bool> Relay::stop() {
  Parts& parts = *parts_;
  parts.stopping = true;
  // What a reload changes now must not come after this.
  while (parts.applying)
    co_await io::sleep_until(parts.loop, parts.loop.now() + reload_checked_every);
  parts.health_timer.cancel();
  parts.site_doctor->end();
  if (parts.doctor_pages) parts.doctor_pages->end();
  if (parts.domain_pages) parts.domain_pages->end();
  Instant sessions_end = parts.loop.now() + stop_patience / 2;
  co_await parts.control->stop();
  io::TaskGroup stops;
  stops.start(parts.pickup->stop());
  if (parts.api) parts.api->close();
  if (parts.http) stops.start(parts.http->stop(sessions_end));
  for (Shard* shard : parts.shards) stops.start(parts.end_sessions(*shard, sessions_end));
  co_await stops.join();
  // Its thread reads what goes away behind this.
  while (parts.reloading)
    co_await io::sleep_until(parts.loop, parts.loop.now() + reload_checked_every);
  bool attempts_ended = co_await parts.queue->stop(parts.loop.now() + stop_patience / 2);
  if (attempts_ended) {
    for (Shard* shard : parts.shards) stops.start(parts.end_connections(*shard));
    co_await stops.join();
  }
  co_await parts.quota_keeper->stop();
  if (parts.api) co_await parts.api->stop();
  parts.sink.reset();
  Result<void> logged = parts.event_log->close();
  if (!logged) parts.journal.error("closing the event log: " + logged.error().describe());
  if (parts.recorder) parts.recorder->close();
  co_return attempts_ended;
}

io::Task<void> Relay::Parts::end_sessions(Shard& shard, Instant deadline) {
  std::function<io::Task<void>()> stop = [&] { return shard.entrances().stop(deadline); };
  co_await shard.remote().run(loop, std::move(stop));
}

io::Task<void> Relay::Parts::end_connections(Shard& shard) {
  std::function<io::Task<void>()> stop = [&] { return shard.deliverer().stop(); };
  co_await shard.remote().run(loop, std::move(stop));
}

}  // namespace waypost::daemon
