#include "tests/sim/server.h"

#include <fmt/format.h>

#include "base/check.h"
#include "classify/shipped_rules.h"
#include "daemon/adapters.h"
#include "daemon/quota_file.h"
#include "daemon/quota_keeper.h"
#include "delivery/deliverer.h"
#include "intake/intake.h"
#include "io/sim_network.h"
#include "notices/reporter.h"
#include "queue/queue.h"
#include "spool/batch_store.h"
#include "submission/server.h"
#include "tests/sim/client.h"
#include "tests/sim/lane_watch.h"

namespace waypost::sim {
namespace {

using namespace std::chrono_literals;

// Short enough for many attempts within the hours that a run takes.
constexpr queue::RetrySchedule retry{20s, 2.0, 10min, 0.2};
constexpr double urgent_share = 0.6;
constexpr double urgent_reserve = 0.2;

spool::MediumOptions medium_options(const RelaySettings& settings, Mutation mutation) {
  spool::MediumOptions options;
  options.sync_time = settings.sync_time;
  if (mutation == Mutation::acknowledge_before_sync)
    options.mutation = spool::Mutation::acknowledge_before_sync;
  return options;
}

delivery::Settings delivery_settings(const RelaySettings& settings) {
  delivery::Settings delivery;
  delivery.hostname = "relay.sim.example";
  delivery.mx_port = settings.mx_port;
  delivery.tls = delivery::TlsPolicy::never;
  return delivery;
}

submission::Settings submission_settings() {
  submission::Settings submission;
  submission.hostname = "relay.sim.example";
  submission.trusted_networks = {*base::IpPrefix::parse("10.0.0.0/8")};
  return submission;
}

// Compiling every rule takes longer than many a seed, and a run starts the relay again and again.
const classify::Classifier& shipped_classifier() {
  static const classify::Classifier classifier{classify::shipped_book()};
  return classifier;
}

// Tells the ledger of every attempt before it begins.
class WatchedCourier final : public queue::Courier {
 public:
  using Watch = std::function<void(const queue::Assignment&)>;
  WatchedCourier(queue::Courier& real, Watch watch) : real_(real), watch_(std::move(watch)) {}

  std::optional<shaping::MailHost> known_mail_host(const std::string& domain) override {
    return real_.known_mail_host(domain);
  }
  io::Task<tl::expected<shaping::MailHost, events::Outcome>> find_mail_host(
      std::string domain) override {
    return real_.find_mail_host(std::move(domain));
  }
  bool go_together(const std::string& one, const std::string& other) const override {
    return real_.go_together(one, other);
  }
  unsigned idle_connections(const std::string& site) const override {
    return real_.idle_connections(site);
  }
  io::Task<void> attempt(queue::Assignment assignment) override {
    watch_(assignment);
    return real_.attempt(std::move(assignment));
  }

 private:
  queue::Courier& real_;
  Watch watch_;
};

// As the guard's list: what is added is on stable storage a moment later, and known after a start.
class KeptSuppressor final : public queue::Suppressor {
 public:
  KeptSuppressor(io::Loop& loop, std::set<std::string>& kept, Mutation mutation)
      : loop_(loop), kept_(kept), mutation_(mutation) {
    if (mutation_ != Mutation::forget_suppressions) known_ = kept;
  }

  std::optional<queue::Suppressed> find(const spool::Envelope& envelope,
                                        uint32_t recipient) const override {
    const std::string address = envelope.recipients[recipient].text();
    const bool is_listed = known_.contains(address) ||
                           (mutation_ != Mutation::forget_suppressions && kept_.contains(address));
    if (!envelope.sender || !is_listed) return std::nullopt;
    return queue::Suppressed{"recipient-unknown", "5.1.1 suppressed: recipient-unknown"};
  }
  io::Task<void> condemn(std::vector<queue::Condemned> condemned) override {
    co_await io::sleep_until(loop_, loop_.now() + 10ms);
    for (const queue::Condemned& one : condemned) {
      const std::string address = one.envelope->recipients[one.recipient].text();
      kept_.insert(address);
      known_.insert(address);
    }
  }

 private:
  io::Loop& loop_;
  std::set<std::string>& kept_;
  std::set<std::string> known_;  // to this process
  const Mutation mutation_;
};

std::string_view name(queue::NoticeKind kind) {
  if (kind == queue::NoticeKind::failed) return "failed";
  return kind == queue::NoticeKind::delayed ? "delayed" : "relayed";
}

// Tells the ledger of every notice that is on stable storage.
class WatchedNotifier final : public queue::Notifier {
 public:
  WatchedNotifier(queue::Notifier& real, Ledger& ledger, const io::Clock& clock)
      : real_(real), ledger_(ledger), clock_(clock) {}

  io::Task<Result<void>> notify(queue::Notice notice) override {
    queue::Notice copy = notice;
    Result<void> told = co_await real_.notify(std::move(notice));
    for (const queue::NoticedRecipient& recipient : copy.recipients) {
      if (!told) break;
      ledger_.noticed({clock_.now(), std::string(name(copy.kind)), copy.envelope->id,
                       copy.envelope->recipients[recipient.recipient].text()});
    }
    co_return told;
  }

 private:
  queue::Notifier& real_;
  Ledger& ledger_;
  const io::Clock& clock_;
};

intake::Limits intake_limits(const RelaySettings& settings) {
  intake::Limits limits;
  limits.expire_after = settings.expire_after;
  return limits;
}

queue::Settings queue_settings(const RelaySettings& settings, Mutation mutation) {
  return {shaping::SiteTable(mutate(settings.limits, mutation), {}), retry,
          settings.delay_notice_after,
          mutate(shaping::StreamTable({{std::string(urgent_stream), urgent_share, urgent_reserve}}),
                 mutation)};
}

}  // namespace

const std::string quota_file = "/quotas.json";

// What runs in one process, each part after what it uses.
struct RelayUnderTest::Running {
  Running(RelayUnderTest& owner, io::SimProcess& process);
  void recover();
  io::Task<Result<void>> write_quotas(std::vector<queue::KeptQuota> quotas) {
    co_await io::sleep_until(process, process.now() + 20ms);
    co_return kept_disk.write_file(quota_file, daemon::encode_quotas(quotas), 0600);
  }
  void take(spool::Envelope envelope) {
    came(envelope);
    queue.add(mutate(std::move(envelope), mutation));
  }
  // As the queue has it: the wall clock may have been set back meanwhile.
  void came(const spool::Envelope& envelope) {
    const Duration lives = envelope.expires_at - envelope.accepted_at;
    const Duration left = envelope.expires_at - process.wall_now();
    lane_watch.came(envelope, process.now() + std::min(left, lives));
  }
  io::Task<void> act(queue::Command command) {
    Result<queue::Tally> done = co_await queue.act(std::move(command));
    static_cast<void>(done);  // a spool that failed shows in other ways
  }

  const Mutation mutation;
  LaneWatch lane_watch;
  bool cancelling = false;

  io::SimProcess& process;
  io::MemoryDisk& kept_disk;  // outlives the process
  io::MemoryDisk disk{1};
  spool::MemoryStore store;
  std::unique_ptr<spool::Spool> real_spool;
  std::unique_ptr<spool::Spool> spool;
  std::unique_ptr<events::Sink> sink;
  dns::MemoryResolver resolver;
  std::unique_ptr<tls::ClientContext> tls;
  delivery::Deliverer deliverer;
  daemon::DeliveryCourier real_courier;
  std::unique_ptr<queue::Courier> mutated_courier;
  WatchedCourier courier;
  classify::Reader replies{shipped_classifier()};
  notices::Reporter reporter;
  WatchedNotifier watched_notifier;
  std::unique_ptr<queue::Notifier> notifier;
  KeptSuppressor suppressor;
  queue::Queue queue;
  daemon::QuotaKeeper quota_keeper;
  intake::Intake intake;
  submission::Clients clients;
  submission::Server server;
  io::TaskGroup commands;
};

RelayUnderTest::Running::Running(RelayUnderTest& owner, io::SimProcess& the_process)
    : mutation(owner.mutation_),
      lane_watch(std::string(urgent_stream),
                 [&owner](std::string text) { owner.ledger_.breach(std::move(text)); }),
      process(the_process),
      kept_disk(owner.disk_),
      store(owner.medium_, process),
      real_spool(spool::make_spool(store, process)),
      spool(mutate(*real_spool, owner.mutation_, process.rng(), cancelling)),
      sink(mutate(owner.ledger_, owner.mutation_, process.rng())),
      resolver(process),
      tls(*tls::ClientContext::create({}, disk, process.clock())),
      deliverer({process, process.network(), resolver, *tls, nullptr, *spool, nullptr},
                delivery_settings(owner.settings_)),
      real_courier(deliverer),
      mutated_courier(mutate(real_courier, owner.mutation_, process)),
      courier(*mutated_courier,
              [this, &owner](const auto& assignment) {
                owner.watch(assignment);
                lane_watch.began_attempt(assignment, queue);
              }),
      reporter({process, *spool, *sink, replies,
                [this](spool::Envelope envelope) { take(std::move(envelope)); }},
               {"relay.sim.example", owner.settings_.expire_after}),
      watched_notifier(reporter, owner.ledger_, owner.world_),
      notifier(mutate(watched_notifier, owner.mutation_, process.rng())),
      suppressor(process, owner.suppressed_, owner.mutation_),
      queue({process, *spool, *sink, courier, replies, *notifier,
             owner.settings_.suppresses ? &suppressor : nullptr},
            queue_settings(owner.settings_, owner.mutation_)),
      quota_keeper({process, queue.quotas(),
                    [this](auto quotas) { return write_quotas(std::move(quotas)); },
                    // This disk takes all.
                    [](const std::string& trouble) { CHECK(trouble.empty()); }}),
      intake({process,
              *spool,
              *sink,
              [this](spool::Envelope envelope) { take(std::move(envelope)); },
              {},
              {}},
             intake_limits(owner.settings_), "relay.sim.example"),
      server(submission_settings(), {process, intake, clients, nullptr, nullptr}) {
  resolver.set_latency(30ms);
  for (const Domain& domain : owner.settings_.domains) {
    uint16_t preference = 10;
    for (const Host& host : domain.mail_hosts) {
      resolver.add_mx(domain.name, preference, host.name);
      resolver.add_address(host.name, host.address);
      preference = static_cast<uint16_t>(preference + 10);
    }
  }
  if (mutation != Mutation::forget_pause)
    for (const queue::Pause& pause : owner.pauses_) queue.pause(pause);
  if (mutation != Mutation::forget_quota)
    CHECK(quota_keeper.restore(kept_disk, quota_file).empty());
  recover();
  auto listener = process.network().listen(owner.settings_.at, {});
  CHECK(listener);
  server.add_listener(*std::move(listener), submission::TlsMode::none);
  server.start();
}

void RelayUnderTest::Running::recover() {
  Result<void> recovered = spool->recover(
      [this](spool::StoredMessage message) {
        came(message.envelope);
        queue.restore(std::move(message));
      },
      // Nothing damages this disk.
      [](MessageId, const Error&) { CHECK(!"a damaged message in the simulated spool"); });
  CHECK(recovered);
}

RelayUnderTest::RelayUnderTest(io::SimWorld& world, Ledger& ledger, RelaySettings settings,
                               Mutation mutation)
    : world_(world),
      ledger_(ledger),
      settings_(std::move(settings)),
      mutation_(mutation),
      disk_(world.rng().next()),
      medium_(medium_options(settings_, mutation)) {}

RelayUnderTest::~RelayUnderTest() = default;

void RelayUnderTest::start(io::SimProcess& process) {
  running_ = std::make_unique<Running>(*this, process);
}

void RelayUnderTest::stop(bool power_cut) {
  if (power_cut) {
    medium_.power_cut(world_.rng());
    disk_.power_cut();
  } else {
    medium_.kill();
  }
  running_.reset();
}

void RelayUnderTest::watch(const queue::Assignment& assignment) {
  const spool::Envelope& envelope = *assignment.envelope;
  for (uint32_t index : assignment.recipients) {
    const smtp::Mailbox& recipient = envelope.recipients[index];
    ledger_.began_attempt(envelope.id, recipient.text());
    if (settings_.suppresses && envelope.sender && suppressed_.contains(recipient.text()))
      ledger_.breach(fmt::format("message {} is sent to {}, who is not to be written to",
                                 envelope.id.text(), recipient.text()));
    for (const queue::Pause& pause : pauses_)
      if (pause.scope.covers(envelope, recipient.domain, assignment.site))
        ledger_.breach(fmt::format("message {} is sent to {}, although {}", envelope.id.text(),
                                   recipient.text(), pause.text()));
  }
}

void RelayUnderTest::command(queue::Command command) {
  if (!running_) return;
  // A command hands all that it writes to the spool before it suspends.
  running_->cancelling = command.act == queue::Act::cancel;
  running_->commands.start(running_->act(std::move(command)));
  running_->cancelling = false;
}

void RelayUnderTest::pause(queue::Scope scope) {
  pauses_.push_back({std::move(scope), "sim", "to see what happens", world_.wall_now(), {}});
  if (running_) running_->queue.pause(pauses_.back());
}

void RelayUnderTest::resume() {
  for (const queue::Pause& pause : std::exchange(pauses_, {}))
    if (running_) running_->queue.resume(pause.scope);
}

void RelayUnderTest::reload() {
  if (running_) running_->queue.reconfigure(queue_settings(settings_, mutation_));
}

std::optional<queue::Ledger> RelayUnderTest::counts() const {
  if (!running_) return std::nullopt;
  return mutate(running_->queue.ledger(), mutation_);
}

bool RelayUnderTest::healthy() const { return running_ && running_->spool->healthy(); }

std::vector<Queued> RelayUnderTest::queued() const {
  std::vector<Queued> queued;
  if (!running_) return queued;
  running_->queue.visit_standings([&](const queue::Standing& standing) {
    queued.push_back(
        {standing.id, standing.recipient, standing.next_attempt_at, standing.has_deadline});
    return true;
  });
  return queued;
}

}  // namespace waypost::sim
