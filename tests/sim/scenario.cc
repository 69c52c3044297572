#include "tests/sim/scenario.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "daemon/quota_keeper.h"
#include "io/sim_network.h"
#include "tests/sim/client.h"
#include "tests/sim/peer.h"
#include "tests/sim/server.h"

namespace waypost::sim {
namespace {

using namespace std::chrono_literals;

constexpr uint16_t submission_port = 587;
constexpr uint16_t mail_port = 25;
// The client's own patience, the relay's longest pause and a site's longest quarantine fit into it
// several times.
constexpr Duration drains_within = 6h;
constexpr Duration drains_with_quotas_within = 24h * 30;
constexpr Duration clients_within = 48h;
// Once nothing fails any more, what is due goes at once but for the limits of its site.
constexpr Duration due_waits_max = 30min;
// Written once a second, and that takes a moment.
constexpr Duration quotas_unsaved_max = daemon::QuotaKeeper::interval + 100ms;

// One run: the world, what lives in it, and what happens to it, all drawn from the seed.
class Run {
 public:
  Run(uint64_t seed, const RunOptions& options)
      : options_(options),
        world_(seed),
        ledger_(world_),
        rng_(world_.rng()),
        own_rng_(~seed),
        schedule_rng_(~seed / 2) {
    draw_limits();
    make_peers();
    make_server();
    make_clients();
    draw_faults();
  }

  RunReport go() {
    restart();
    for (auto& client : clients_) client->start();
    unsigned kills_left = static_cast<unsigned>(rng_.next() % 5);
    Instant limit = world_.now() + clients_within;
    while (!clients_finished() && world_.now() < limit) {
      world_.run_for(draw(1s, 60s));
      trouble();
      if (kills_left > 0 && chance(0.3)) {
        --kills_left;
        if (chance(0.5)) wait_for_acknowledgement();
        crash(chance(0.5));
      }
    }
    for (; kills_left > 0; --kills_left) {
      crash(chance(0.5));
      world_.run_for(draw(1s, 5min));
    }
    heal();
    judge();
    return report();
  }

 private:
  double uniform() { return rng_.uniform(); }
  bool chance(double share) { return uniform() < share; }
  Duration draw(Duration from, Duration to) {
    return from + Duration(static_cast<int64_t>(uniform() * double((to - from).count())));
  }
  IpAddress address(uint8_t network, uint8_t host) { return IpAddress::v4({10, 0, network, host}); }
  void tell(const std::string& what) {
    if (!options_.verbose) return;
    fmt::print(stderr, "  {:>12}  {}\n", base::to_human(world_.now() - began_), what);
  }

  void draw_limits() {
    limits_.connections.value = 1 + static_cast<unsigned>(rng_.next() % 4);
    limits_.messages_per_second.value = chance(0.5) ? 0 : 1 + uniform() * 5;
    limits_.messages_per_connection.value = 1 + static_cast<unsigned>(rng_.next() % 10);
    if (has_quotas_) draw_quotas();
    limits_.recipients_per_message.value = 1 + static_cast<unsigned>(rng_.next() % 5);
  }

  // Each is there without the others, too, which would keep a site from coming near it.
  void draw_quotas() {
    if (chance(0.5)) limits_.connections_per_minute.value = 1 + unsigned(rng_.next() % 3);
    if (chance(0.5)) limits_.messages_per_hour.value = 2 + unsigned(rng_.next() % 20);
    if (chance(0.5)) limits_.messages_per_day.value = 20 + unsigned(rng_.next() % 100);
  }

  PeerBehaviour draw_behaviour() {
    PeerBehaviour behaviour;
    double difficulty = uniform() * 0.2;
    double delay = punctual_ ? 0 : difficulty;
    behaviour.pipelining = chance(0.5);
    behaviour.unwelcome_share = uniform() * difficulty;
    behaviour.mail_4yz_share = uniform() * difficulty;
    behaviour.rcpt_4yz_share = uniform() * difficulty;
    behaviour.rcpt_5yz_share = uniform() * difficulty;
    behaviour.data_4yz_share = uniform() * difficulty;
    behaviour.dot_4yz_share = uniform() * difficulty;
    behaviour.dot_5yz_share = uniform() * difficulty / 2;
    behaviour.leave_share = uniform() * difficulty / 4;
    behaviour.drop_after_dot_share = uniform() * difficulty / 2;
    behaviour.stall_share = uniform() * delay / 10;
    behaviour.slow_share = uniform() * delay / 4;
    behaviour.greylisted_attempts = chance(0.3) ? 1 + unsigned(rng_.next() % 3) : 0;
    return behaviour;
  }

  // Each site has one or two hosts, and one or two domains that share them.
  void make_peers() {
    unsigned sites = 2 + static_cast<unsigned>(rng_.next() % 3);
    for (unsigned i = 0; i < sites; ++i) {
      auto& process = world_.make_process(address(2, uint8_t(10 * i + 1)));
      std::vector<Host> hosts{{fmt::format("mx.site{}.example", i), process.host()}};
      if (chance(0.3)) {
        hosts.push_back({fmt::format("mx2.site{}.example", i), address(2, uint8_t(10 * i + 2))});
        process.add_address(hosts.back().address);
      }
      // The relay names a site after its first mail host.
      peers_.push_back(
          std::make_unique<Peer>(process, ledger_, hosts.front().name, draw_behaviour()));
      for (const Host& host : hosts) CHECK(peers_.back()->listen({host.address, mail_port}));
      // The last is where notices go to.
      bool senders = i + 1 == sites;
      if (senders) domains_.push_back({"client.sim.example", hosts});
      domains_.push_back({fmt::format("domain{}.example", i), hosts});
      if (chance(0.3)) domains_.push_back({fmt::format("other{}.example", i), hosts});
    }
  }

  void make_server() {
    RelaySettings settings;
    settings.at = {address(1, 1), submission_port};
    settings.domains = domains_;
    settings.mx_port = mail_port;
    settings.limits = limits_;
    settings.sync_time = draw(100us, 50ms);
    if (short_lived_) settings.expire_after = draw(30min, 2h);
    settings.delay_notice_after = draw(5min, 1h);
    settings.suppresses = suppresses_;
    Mutation mutation = parse_mutation(options_.mutation).value_or(Mutation::none);
    server_ = std::make_unique<RelayUnderTest>(world_, ledger_, std::move(settings), mutation);
  }

  void make_clients() {
    for (uint8_t i = 0; i < 3; ++i) {
      ClientSettings settings;
      settings.name = fmt::format("client{}", i);
      settings.server = {address(1, 1), submission_port};
      for (const Domain& domain : domains_) settings.domains.push_back(domain.name);
      settings.messages = 5 + static_cast<unsigned>(rng_.next() % 20);
      settings.pause_max = chance(0.3) ? 100ms : 20s;
      settings.patience = 2min;
      auto& process = world_.make_process(address(3, uint8_t(i + 1)));
      clients_.push_back(std::make_unique<Client>(process, ledger_, std::move(settings)));
    }
  }

  void draw_faults() {
    io::SimNetworkFaults& faults = world_.network().faults();
    double difficulty = punctual_ ? 0 : uniform() * 0.2;
    faults.refused_share = uniform() * difficulty;
    faults.blackholed_share = uniform() * difficulty / 2;
    faults.host_down_share = uniform() * difficulty / 4;
    faults.reset_share = uniform() * difficulty;
    faults.stall_share = uniform() * difficulty / 4;
    faults.tiny_pieces_share = uniform() * 0.04;
  }

  bool clients_finished() const {
    return std::all_of(clients_.begin(), clients_.end(),
                       [](const auto& client) { return client->finished(); });
  }

  void restart() {
    process_ = &world_.make_process(address(1, 1));
    server_->start(*process_);
  }

  // The worst moment for a relay that promises too early.
  void wait_for_acknowledgement() {
    size_t before = acknowledged();
    world_.run_until([&] { return acknowledged() > before; }, world_.now() + 1min);
  }
  size_t acknowledged() const {
    const auto& all = ledger_.submissions();
    return static_cast<size_t>(std::count_if(
        all.begin(), all.end(), [](const auto& one) { return one.fate == Fate::acknowledged; }));
  }

  void crash(bool power_cut) {
    tell(power_cut ? "power cut" : "kill");
    kill(*process_, *server_, ledger_, power_cut);
    world_.run_for(draw(0s, 30s));
    restart();
  }

  // What may happen at any time, and what an operator does about it.
  void trouble() {
    if (chance(0.02)) {
      tell("the next sync fails");
      server_->fail_next_sync();
      world_.run_until([this] { return !server_->healthy(); }, world_.now() + 10min);
    }
    if (!server_->healthy()) crash(false);
    // One that is set forward makes a restart take what sites got for longer ago than it was.
    ledger_.reads_wall_clock();
    if (chance(0.05)) world_.jump_wall_clock(chance(0.5) && !has_quotas_ ? 1h : -1h);
    intervene();
    check_counts();
    if (!punctual_ && chance(0.03)) {
      const Host& host = domains_[rng_.next() % domains_.size()].mail_hosts.front();
      tell("partition from " + host.name);
      world_.network().partition(address(1, 1), host.address);
      world_.run_for(draw(1min, 30min));
      world_.network().heal_partition(address(1, 1), host.address);
    }
  }

  // Somebody who waits is put onto the list of those who are not written to.
  void suppress() {
    const std::vector<Queued> waiting = server_->queued();
    if (!suppresses_ || waiting.empty() || own_rng_.uniform() > 0.2) return;
    const std::string& address = waiting[own_rng_.next() % waiting.size()].recipient;
    tell("suppress " + address);
    server_->suppress(address);
  }

  // What waits is to be sent at another time, or now. Deadlines would move, and are watched.
  void reschedule() {
    if (!reschedules_) return;
    std::vector<Queued> waiting = server_->queued();
    std::erase_if(waiting, [](const Queued& one) { return one.has_deadline; });
    if (waiting.empty() || schedule_rng_.uniform() > 0.3) return;
    queue::Command command;
    command.act = queue::Act::reschedule;
    command.selector.ids = {waiting[schedule_rng_.next() % waiting.size()].message};
    const double ahead = schedule_rng_.uniform() - 0.2;
    command.at = world_.wall_now() + std::chrono::microseconds(int64_t(ahead * 40 * 60 * 1e6));
    tell("reschedule " + command.selector.ids[0].text());
    ledger_.rescheduling(command.selector.ids[0]);
    server_->command(std::move(command));
  }

  // What people do with what waits.
  void intervene() {
    suppress();
    reschedule();
    const std::string& domain = domains_[rng_.next() % domains_.size()].name;
    queue::Command command;
    command.selector.domain = domain;
    if (chance(0.5)) command.selector.newer_than = 1h;
    double choice = uniform() / 0.3;
    if (choice >= 1) return;
    if (choice < 0.25) {
      command.act = queue::Act::hold;
    } else if (choice < 0.45) {
      return release(domain);
    } else if (choice < 0.6) {
      command.act = queue::Act::cancel;
      command.selector.older_than = 1min;
    } else if (choice < 0.75) {
      command.act = queue::Act::retry;
      ledger_.retrying(domain);
    } else if (choice < 0.8) {
      tell("reload");
      return server_->reload();
    } else if (choice < 0.9) {
      tell("pause " + domain);
      return server_->pause({queue::ScopeKind::domain, domain});
    } else {
      tell("resume");
      return server_->resume();
    }
    tell(fmt::format("command {} for {}", int(command.act), domain));
    server_->command(std::move(command));
  }

  void release(const std::string& domain) {
    tell("release " + domain);
    ledger_.releasing(domain);
    queue::Command command;
    command.act = queue::Act::release;
    command.selector.domain = domain;
    server_->command(std::move(command));
  }

  void check_counts() {
    std::optional<queue::Ledger> counts = server_->counts();
    if (!counts) return;
    if (!counts->balances()) breaches_.push_back("the counts are out of balance");
    size_t waiting = server_->queued().size();
    if (counts->queued != waiting)
      breaches_.push_back(
          fmt::format("{} recipients are counted, {} wait", counts->queued, waiting));
  }

  void heal() {
    tell("healed");
    server_->fail_no_sync();
    if (!server_->healthy()) crash(false);
    // What lives shortly must end even where people forget about it.
    if (!short_lived_) {
      server_->resume();
      for (const Domain& domain : domains_) release(domain.name);
    }
    world_.network().heal();
    for (auto& peer : peers_) peer->calm();
    Instant limit = world_.now() + (has_quotas_ ? drains_with_quotas_within : drains_within);
    world_.run_until([this] { return server_->queued().empty(); }, limit);
    check_drained(server_->queued(), breaches_);
    check_not_forgotten(server_->queued(), world_.wall_now(), due_waits_max, breaches_);
    // What is under way at the last moment is written down, too.
    world_.run_for(10s);
    check_counts();
  }

  void judge() {
    for (const std::string& breach : ledger_.breaches()) breaches_.push_back(breach);
    check_notices(ledger_, breaches_);
    check_nothing_lost(ledger_, server_->queued(), breaches_);
    check_arrivals(ledger_, breaches_);
    check_duplicates(ledger_, breaches_);
    std::map<std::string, SiteLimit> limits;
    for (const auto& peer : peers_) {
      SiteLimit limit;
      limit.connections_max = limits_.connections.value;
      if (punctual_) {
        limit.messages_per_second = limits_.messages_per_second.value;
        limit.connections_per_minute = limits_.connections_per_minute.value;
        limit.messages_per_hour = limits_.messages_per_hour.value;
        limit.messages_per_day = limits_.messages_per_day.value;
        limit.unsaved = quotas_unsaved_max;
      }
      limits[peer->site()] = limit;
    }
    check_limits(ledger_, limits, breaches_);
    for (const auto& peer : peers_)
      for (const std::string& breach : peer->protocol_breaches()) breaches_.push_back(breach);
  }

  RunReport report() {
    RunReport report;
    report.breaches = std::move(breaches_);
    report.trace_hash = world_.trace_hash();
    report.steps = world_.steps();
    report.submitted = ledger_.submissions().size();
    report.arrived = ledger_.arrivals().size();
    report.kills = ledger_.kills().size();
    // The server's parts go before the world that they wait in.
    kill(*process_, *server_, ledger_, false);
    return report;
  }

  const RunOptions& options_;
  io::SimWorld world_;
  Ledger ledger_;
  io::Rng& rng_;
  // Nothing is late on the way, so that the pace at which mail arrives is the relay's own.
  const bool punctual_ = chance(0.4);
  // Mail expires within the run.
  const bool short_lived_ = chance(0.3);
  // Sites get so much an hour and a day, and so many connections a minute.
  const bool has_quotas_ = chance(0.3);
  // Draws of its own, so that other seeds stay what they were.
  io::SeededRng own_rng_;
  // Who bounced for good, and whom people name, is not written to.
  const bool suppresses_ = own_rng_.uniform() < 0.4;
  // Likewise: people name other times for what waits.
  io::SeededRng schedule_rng_;
  const bool reschedules_ = schedule_rng_.uniform() < 0.4;
  shaping::SiteLimits limits_;
  std::vector<Domain> domains_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<RelayUnderTest> server_;
  io::SimProcess* process_ = nullptr;
  Breaches breaches_;
  Instant began_ = world_.now();
};

}  // namespace

RunReport run_scenario(uint64_t seed, const RunOptions& options) { return Run(seed, options).go(); }

std::vector<std::string> mutations() { return mutation_names(); }

}  // namespace waypost::sim
