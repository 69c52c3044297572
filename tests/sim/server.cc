#include "tests/sim/server.h"

#include "base/check.h"
#include "classify/shipped_rules.h"
#include "daemon/adapters.h"
#include "delivery/deliverer.h"
#include "intake/intake.h"
#include "io/sim_network.h"
#include "queue/queue.h"
#include "spool/batch_store.h"
#include "submission/server.h"

namespace waypost::sim {
namespace {

using namespace std::chrono_literals;

// Short enough for many attempts within the hours that a run takes.
constexpr queue::RetrySchedule retry{20s, 2.0, 10min, 0.2};

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

}  // namespace

// What runs in one process, each part after what it uses.
struct RelayUnderTest::Running {
  Running(RelayUnderTest& owner, io::SimProcess& process);
  void recover();

  io::SimProcess& process;
  io::MemoryDisk disk{1};
  spool::MemoryStore store;
  std::unique_ptr<spool::Spool> real_spool;
  std::unique_ptr<spool::Spool> spool;
  std::unique_ptr<events::Sink> sink;
  dns::MemoryResolver resolver;
  std::unique_ptr<tls::ClientContext> tls;
  delivery::Deliverer deliverer;
  daemon::DeliveryCourier real_courier;
  std::unique_ptr<queue::Courier> courier;
  classify::Reader replies{shipped_classifier()};
  queue::Queue queue;
  intake::Intake intake;
  submission::Clients clients;
  submission::Server server;
};

RelayUnderTest::Running::Running(RelayUnderTest& owner, io::SimProcess& the_process)
    : process(the_process),
      store(owner.medium_, process),
      real_spool(spool::make_spool(store, process)),
      spool(mutate(*real_spool, owner.mutation_, process.rng())),
      sink(mutate(owner.ledger_, owner.mutation_, process.rng())),
      resolver(process),
      tls(*tls::ClientContext::create({}, disk, process.clock())),
      deliverer({process, process.network(), resolver, *tls, nullptr, *spool, nullptr},
                delivery_settings(owner.settings_)),
      real_courier(deliverer),
      courier(mutate(real_courier, owner.mutation_, process)),
      queue({process, *spool, *sink, *courier, replies},
            shaping::SiteTable(mutate(owner.settings_.limits, owner.mutation_), {}), retry),
      intake({process,
              *spool,
              *sink,
              [this](spool::Envelope envelope) { queue.add(std::move(envelope)); },
              {},
              {}},
             {}, "relay.sim.example"),
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
  recover();
  auto listener = process.network().listen(owner.settings_.at, {});
  CHECK(listener);
  server.add_listener(*std::move(listener), submission::TlsMode::none);
  server.start();
}

void RelayUnderTest::Running::recover() {
  Result<void> recovered = spool->recover(
      [this](spool::StoredMessage message) { queue.restore(std::move(message)); },
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
      medium_(medium_options(settings_, mutation)) {}

RelayUnderTest::~RelayUnderTest() = default;

void RelayUnderTest::start(io::SimProcess& process) {
  running_ = std::make_unique<Running>(*this, process);
}

void RelayUnderTest::stop(bool power_cut) {
  if (power_cut)
    medium_.power_cut(world_.rng());
  else
    medium_.kill();
  running_.reset();
}

bool RelayUnderTest::healthy() const { return running_ && running_->spool->healthy(); }

std::vector<Queued> RelayUnderTest::queued() const {
  std::vector<Queued> queued;
  if (!running_) return queued;
  running_->queue.visit_standings([&](const queue::Standing& standing) {
    queued.push_back({standing.id, standing.recipient, standing.next_attempt_at});
    return true;
  });
  return queued;
}

}  // namespace waypost::sim
