#include "daemon/relay.h"

#include <fmt/format.h>

#include "config/data_paths.h"
#include "daemon/adapters.h"
#include "daemon/control.h"
#include "daemon/settings.h"
#include "delivery/deliverer.h"
#include "intake/intake.h"
#include "io/disk.h"
#include "io/task_group.h"
#include "io/worker.h"
#include "queue/queue.h"
#include "records/event_log.h"
#include "records/keys.h"
#include "records/recorder.h"
#include "spool/rocks_store.h"
#include "submission/server.h"

namespace waypost::daemon {

using config::Config;
using config::DataPaths;

// What all shards share, then the parts of the one shard, each after what it uses. Destroyed from
// the end.
struct Relay::Parts {
  Parts(io::AsioLoop& the_loop, RelayOptions the_options, Journal& the_journal)
      : loop(the_loop),
        options(std::move(the_options)),
        paths(options.config.data_dir),
        journal(the_journal) {}

  Result<void> open_storage();
  Result<void> open_network();
  void join();
  Result<void> recover();
  Result<void> listen();
  bool has_room();

  const Config& config() const { return options.config; }

  io::AsioLoop& loop;
  RelayOptions options;
  DataPaths paths;
  Journal& journal;
  std::unique_ptr<io::Disk> disk = io::make_system_disk();

  std::unique_ptr<spool::RocksStore> store;
  std::unique_ptr<records::Keys> keys;
  std::unique_ptr<records::EventLog> event_log;
  std::unique_ptr<records::Recorder> recorder;  // none when switched off
  std::unique_ptr<io::Worker> keys_worker;
  std::unique_ptr<dns::UnboundContext> names;
  std::unique_ptr<tls::ClientContext> client_tls;
  std::shared_ptr<tls::ServerContext> certificate;

  std::unique_ptr<spool::Spool> spool;
  std::unique_ptr<events::Sink> sink;
  std::unique_ptr<dns::Resolver> resolver;
  std::unique_ptr<delivery::Deliverer> deliverer;
  std::unique_ptr<DeliveryCourier> courier;
  classify::Classifier classifier{options.rules};
  classify::Reader replies{classifier};
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<KeyAuthenticator> authenticator;
  std::unique_ptr<intake::Intake> intake;
  std::vector<std::unique_ptr<submission::Server>> servers;
  std::unique_ptr<ControlServer> control;
  std::vector<Endpoint> listening_at;
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
  TRY_VOID(parts->listen());
  return std::unique_ptr<Relay>(new Relay(std::move(parts)));
}

Result<void> Relay::Parts::open_storage() {
  spool::RocksOptions rocks;
  rocks.path = paths.spool;
  TRY(store, spool::RocksStore::open(rocks));
  // Others of the group may read what is in it, but for the keys.
  TRY_VOID(disk->make_folders(paths.records, 0750));
  TRY(keys, records::Keys::open(paths.keys));
  TRY(event_log, records::EventLog::open(*disk, loop.clock(), event_log_options(config()),
                                         [this](const std::string& line) { journal.error(line); }));
  if (config().records.keep > Duration::zero()) {
    TRY(recorder,
        records::Recorder::open(*disk, loop.clock(), recorder_options(config()),
                                [this](const std::string& line) { journal.warning(line); }));
  }
  keys_worker = std::make_unique<io::Worker>("waypost-keys");
  return {};
}

Result<void> Relay::Parts::open_network() {
  TRY(names, dns::UnboundContext::create(resolver_options(config()), *disk));
  tls::ClientOptions client;
  client.ca_file = options.ca_file;
  if (config().delivery.tls == config::DeliveryTls::required)
    client.verification = tls::Verification::required;
  TRY(client_tls, tls::ClientContext::create(client, *disk, loop.clock()));
  if (!config().tls.certificate.empty()) {
    TRY(certificate,
        tls::ServerContext::from_files(config().tls.certificate, config().tls.key, *disk));
  }
  return {};
}

void Relay::Parts::join() {
  spool = spool::make_spool(*store, loop);
  sink = event_log->sink(loop);
  if (recorder) sink = recorder->sink(std::move(sink));
  resolver = dns::make_resolver(*names, loop);
  deliverer = std::make_unique<delivery::Deliverer>(
      delivery::Deliverer::Dependencies{loop, loop.network(), *resolver, *client_tls, *spool},
      delivery_settings(config()));
  courier = std::make_unique<DeliveryCourier>(*deliverer);
  queue = std::make_unique<queue::Queue>(
      queue::Queue::Dependencies{loop, *spool, *sink, *courier, replies}, site_table(config()),
      retry_schedule(config()));
  authenticator = std::make_unique<KeyAuthenticator>(loop, *keys_worker, *keys);
  intake::Services services{loop, *spool, *sink, {}, {}, {}};
  services.accepted = [this](spool::Envelope envelope) { queue->add(std::move(envelope)); };
  services.has_room = [this] { return has_room(); };
  services.storage_failed = [this](const Error& error) {
    journal.error("a message could not be stored and was refused: " + error.describe());
  };
  intake = std::make_unique<intake::Intake>(std::move(services), intake_limits(config()),
                                            config().hostname);
}

bool Relay::Parts::has_room() {
  auto free = disk->free_octets(paths.spool);
  return !free || *free >= config().limits.spool_free_octets_min;
}

Result<void> Relay::Parts::recover() {
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

Result<void> Relay::Parts::listen() {
  for (const config::Listener& listener : config().listeners) {
    TRY(auto socket, loop.network().listen(listener.address, {}));
    listening_at.push_back(socket->local());
    submission::Services services{loop, *intake, authenticator.get(), certificate};
    auto server = std::make_unique<submission::Server>(submission_settings(config(), listener),
                                                       std::move(services));
    server->add_listener(std::move(socket), tls_mode(listener));
    server->start();
    servers.push_back(std::move(server));
  }
  TRY(auto socket, loop.network().listen_local(paths.control_socket));
  control = std::make_unique<ControlServer>(loop, std::move(socket), *queue);
  control->start();
  return {};
}

std::vector<Endpoint> Relay::listening_at() const { return parts_->listening_at; }

size_t Relay::waiting() const { return parts_->queue->unsettled_recipients(); }

io::Task<bool> Relay::stop() {
  Parts& parts = *parts_;
  Instant sessions_end = parts.loop.now() + stop_patience / 2;
  co_await parts.control->stop();
  io::TaskGroup stops;
  for (auto& server : parts.servers) stops.start(server->stop(sessions_end));
  co_await stops.join();
  bool attempts_ended = co_await parts.queue->stop(parts.loop.now() + stop_patience / 2);
  if (attempts_ended) co_await parts.deliverer->stop();
  parts.sink.reset();
  Result<void> logged = parts.event_log->close();
  if (!logged) parts.journal.error("closing the event log: " + logged.error().describe());
  if (parts.recorder) parts.recorder->close();
  co_return attempts_ended;
}

}  // namespace waypost::daemon
