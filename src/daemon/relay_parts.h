#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "api/api.h"
#include "api/domain_pages.h"
#include "config/data_paths.h"
#include "daemon/backup_control.h"
#include "daemon/carriers.h"
#include "daemon/control.h"
#include "daemon/diagnostician.h"
#include "daemon/doctor_pages.h"
#include "daemon/egress_watch.h"
#include "daemon/health.h"
#include "daemon/home.h"
#include "daemon/limit_control.h"
#include "daemon/queue_control.h"
#include "daemon/quota_keeper.h"
#include "daemon/relay.h"
#include "daemon/returns_courier.h"
#include "daemon/room.h"
#include "daemon/shard.h"
#include "daemon/site_control.h"
#include "daemon/site_doctor.h"
#include "daemon/suppression_control.h"
#include "daemon/suppressor.h"
#include "daemon/tokens.h"
#include "domains/signers.h"
#include "guard/suppressions.h"
#include "intake/drop_pickup.h"
#include "io/disk.h"
#include "io/loop_thread.h"
#include "io/task_group.h"
#include "io/timer.h"
#include "io/worker.h"
#include "notices/reporter.h"
#include "queue/queue.h"
#include "records/event_log.h"
#include "records/keys.h"
#include "records/recorder.h"
#include "spool/rocks_store.h"
#include "web/client.h"
#include "web/server.h"

// Of relay*.cc alone.
namespace waypost::daemon {

using config::Config;

// How often what waits for the end of a reload looks.
inline constexpr Duration reload_checked_every = std::chrono::milliseconds(10);

// What all shards share, then the shards, then what the first of them has for all; each after what
// it uses. Destroyed from the end.
struct Relay::Parts {
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
    std::shared_ptr<Knowledge> knowledge;
    std::shared_ptr<tls::ServerContext> certificate;
    std::shared_ptr<TokenJudge> tokens;
    domains::LoadedSigners signing;
  };
  // A shard on a loop beside the first one.
  struct Neighbour {
    std::unique_ptr<DistantHome> home;
    std::unique_ptr<Shard> shard;
  };
  // The first shard's, which the news of all come to.
  class NearHome final : public Home {
   public:
    explicit NearHome(Parts& parts) : parts_(parts) {}
    void accepted(spool::Envelope envelope) override { parts_.queue->add(std::move(envelope)); }
    io::Task<Result<submission::TokenVerdict>> check_token(std::string name,
                                                           Secret token) override {
      return verdict_of(parts_.tokens, std::move(name), std::move(token));
    }
    void report(std::string check, std::optional<std::string> trouble) override {
      parts_.health.report(check, Health::Weight::warns, std::move(trouble));
    }
    void emit(events::Event event) override {
      // After the stop nobody hears.
      if (parts_.sink) parts_.sink->emit(std::move(event));
    }

   private:
    Parts& parts_;
  };
  // Lets the API hear what goes to the records.
  class HeardSink final : public events::Sink {
   public:
    HeardSink(Parts& parts, std::unique_ptr<events::Sink> next)
        : parts_(parts), next_(std::move(next)) {}
    void emit(events::Event event) override {
      if (parts_.api) parts_.api->heard(event);
      next_->emit(std::move(event));
    }

   private:
    Parts& parts_;
    std::unique_ptr<events::Sink> next_;
  };
  using Refusal = std::vector<std::string>;

  Parts(io::AsioLoop& the_loop, RelayOptions the_options, Journal& the_journal)
      : loop(the_loop),
        options(std::move(the_options)),
        passed(options.passed ? options.passed : std::make_shared<const io::PassedSockets>()),
        paths(options.setup.config.data_dir),
        journal(the_journal),
        knowledge(std::make_shared<Knowledge>(std::move(options.setup.rules))) {
    configured_at = loop.wall_now();
    // The first reply must not find the rules uncompiled: no mail would move meanwhile.
    rules_worker.submit([this] { knowledge->classifier.compile(); });
  }

  // Also where sessions and attempts still run: as a crash would.
  ~Parts() {
    if (site_doctor) site_doctor->end();
    if (doctor_pages) doctor_pages->end();
    if (domain_pages) domain_pages->end();
    for (auto& thread : threads) thread->end();
    for (Shard* shard : shards) shard->remote().drop();
    if (keys_worker) keys_worker->finish();
    if (api) api->finish();
    if (suppressions) suppressions->finish();
  }

  Result<void> open_storage();
  Result<void> open_network();
  Result<void> open_client_tls();
  Result<void> check_logins(const Config& of);
  void use(domains::LoadedSigners signing);
  SiteDoctor::Services doctor_services();
  api::DomainPages::Services domain_services();
  void make_diagnostician();
  void make_shards();
  delivery::Settings delivery_of_each(size_t count);
  Shard& home_shard() const { return *shards.front(); }
  Orders orders() const;
  TokenServices token_services();
  void join();
  queue::Courier& join_returns(spool::Spool& spool);
  returns::Reader::Rules rules() const { return {knowledge, &knowledge->classifier}; }
  Result<void> recover();
  io::Task<Result<void>> write_quotas(std::vector<queue::KeptQuota> quotas);
  Result<void> open_drop();
  Result<void> open_api();
  Result<void> listen_for_http();
  Result<void> listen();
  void run();
  void warn_of_unused_sockets();
  Result<void> open_entrances();
  Result<std::shared_ptr<tls::ServerContext>> load_certificate(const Config& of);
  void watch_health();
  void check_health();
  io::Task<void> look_at_shards();
  std::optional<std::string> spool_trouble() const;
  std::optional<std::string> loop_trouble() const;
  api::Metrics::Relay metrics_of_relay();
  std::vector<IpAddress> own_addresses();

  io::Task<ReloadOutcome> reload();
  io::Task<ReloadOutcome> reload_alone();
  ReloadOutcome not_reloaded(Refusal problems);
  io::Task<void> answer_reload(ControlAnswer& answer);
  io::Task<tl::expected<Prepared, Refusal>> prepare_aside();
  tl::expected<Prepared, Refusal> prepare();
  io::Task<Refusal> prepare_entrances(const Config& next);
  io::Task<void> reload_signers();
  io::Task<void> apply(Prepared prepared);
  io::Task<void> apply_to_shards();
  io::Task<void> end_sessions(Shard& shard, Instant deadline);
  io::Task<void> end_connections(Shard& shard);

  const Config& config() const { return options.setup.config; }

  io::AsioLoop& loop;  // the first shard's
  RelayOptions options;
  std::shared_ptr<const io::PassedSockets> passed;
  config::DataPaths paths;
  Journal& journal;
  std::unique_ptr<io::Disk> disk = io::make_system_disk();
  std::shared_ptr<Knowledge> knowledge;  // shared with the worker that reads what came back
  classify::Reader replies{knowledge->classifier};
  io::Worker rules_worker{"waypost-rules"};  // reads configurations and rules, and compiles them
  WallTime configured_at;                    // when it took the configuration that holds
  bool reload_refused = false;               // the last one
  bool reloading = false;
  bool applying = false;  // a reload changes things
  bool stopping = false;
  Health health{journal};
  // Before all that answers to their loops from threads of its own.
  std::vector<std::unique_ptr<io::LoopThread>> threads;  // of the shards but the first

  std::unique_ptr<spool::RocksStore> store;
  std::unique_ptr<Room> room;
  std::unique_ptr<records::Keys> keys;
  std::shared_ptr<const returns::ReturnPaths> return_paths;  // null: there are none
  std::unique_ptr<guard::Suppressions> suppressions;
  std::unique_ptr<records::EventLog> event_log;
  std::unique_ptr<records::Recorder> recorder;  // none when switched off
  std::unique_ptr<io::Worker> keys_worker;
  std::unique_ptr<dns::UnboundContext> names;
  std::unique_ptr<tls::ClientContext> opportunistic_tls;
  std::unique_ptr<tls::ClientContext> verifying_tls;  // null without a list of authorities
  std::shared_ptr<tls::ServerContext> certificate;
  std::shared_ptr<TokenJudge> tokens;  // null: no logins with tokens
  std::shared_ptr<const domains::Signers> signers;
  delivery::Settings delivery;  // of each shard
  std::shared_ptr<const Config> shard_config;
  submission::Clients clients;

  std::unique_ptr<SiteDoctor> site_doctor;
  std::unique_ptr<Diagnostician> diagnostician;
  std::unique_ptr<events::Sink> sink;
  NearHome home{*this};
  std::unique_ptr<Commons> commons;
  std::unique_ptr<Shard> first_shard;
  std::unique_ptr<web::Client> web_client;
  std::unique_ptr<Carriers> carriers;
  std::unique_ptr<notices::Reporter> reporter;
  std::unique_ptr<QueueSuppressor> suppressor;
  std::unique_ptr<returns::Reader> returns_reader;  // none where nothing comes back
  std::unique_ptr<ReturnsCourier> returns_courier;
  std::unique_ptr<queue::Queue> queue;
  io::Worker returns_worker{"waypost-returns"};  // behind the queue, whose attempts wait for it
  io::Worker quota_worker{"waypost-quotas"};
  std::unique_ptr<QuotaKeeper> quota_keeper;
  std::unique_ptr<io::Worker> drop_worker;
  std::unique_ptr<intake::DropPickup> pickup;
  std::unique_ptr<QueueControl> queue_control;
  std::unique_ptr<LimitControl> limit_control;
  std::unique_ptr<BackupControl> backup_control;
  std::unique_ptr<SiteControl> site_control;
  std::unique_ptr<SuppressionControl> suppression_control;
  std::unique_ptr<ControlServer> control;
  EgressWatch egress_watch;
  std::optional<Instant> looking_since;  // at what other loops carry
  io::TaskGroup looks;
  std::unique_ptr<api::Api> api;  // none without HTTP
  std::unique_ptr<DoctorPages> doctor_pages;
  std::unique_ptr<api::DomainPages> domain_pages;
  std::unique_ptr<web::Server> http;
  io::Timer health_timer{loop.timers()};
  std::vector<Neighbour> neighbours;
  std::vector<Shard*> shards;  // the first one, then the neighbours'
};

}  // namespace waypost::daemon
