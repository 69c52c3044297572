#include "delivery/deliverer.h"

#include "base/time.h"
#include "delivery/opener.h"

namespace waypost::delivery {

using events::Outcome;
using events::Phase;
using events::Verdict;

namespace {

io::Task<void> no_wait() { co_return; }

}  // namespace

Deliverer::Deliverer(Dependencies dependencies, Settings settings)
    : deps_(dependencies),
      settings_(std::make_shared<const Settings>(std::move(settings))),
      routes_(deps_.loop, deps_.resolver, settings_),
      pool_(deps_.loop, {settings_->idle_connection, settings_->connections_max}) {}

void Deliverer::reconfigure(Settings settings) {
  settings_ = std::make_shared<const Settings>(std::move(settings));
  routes_.reconfigure(settings_);
  pool_.reconfigure({settings_->idle_connection, settings_->connections_max});
}

Surroundings Deliverer::surroundings() {
  return {deps_.loop,          deps_.network, deps_.opportunistic_tls,
          deps_.verifying_tls, deps_.spool,   deps_.secrets};
}

io::Task<void> Deliverer::attempt(Order order) {
  std::shared_ptr<const Settings> settings = settings_;
  AttemptLog log(deps_.loop, settings->transcripts != Transcripts::off);
  if (log.keeps_transcript())
    log.did("an attempt for " + order.domain + " at " + base::to_rfc3339(deps_.loop.wall_now()));
  log.enter(Phase::resolve);
  auto route = co_await routes_.find(order.domain);
  log.pause();
  if (!route) {
    Outcomes outcomes(order.recipients.size(), std::move(route).error());
    co_await settle(order, std::move(outcomes), log);
    co_return;
  }
  std::unique_ptr<Connection> used;
  Outcomes outcomes = co_await reuse(order, *route, log, used);
  if (outcomes.empty()) outcomes = co_await open_and_send(order, *route, log, used);
  co_await settle(order, std::move(outcomes), log);
  if (!used) co_return;
  // One that was made before a reconfiguration may lead elsewhere, or say another name.
  std::string key = (*route)->connection_key(used->peer().host);
  if (settings == settings_)
    co_await hand_back(order, std::move(key), std::move(used));
  else
    co_await pool_.discard(order.site, std::move(used));
}

std::unique_ptr<Connection> Deliverer::take_idle(const std::string& site, const Route& route) {
  for (const MailHost& host : route.hosts)
    if (auto idle = pool_.take(site, route.connection_key(host.name))) return idle;
  return nullptr;
}

// Over an idle connection, if there is one; no outcomes when there was none, or when it had been
// closed meanwhile and nothing was said on it.
io::Task<Deliverer::Outcomes> Deliverer::reuse(Order& order, std::shared_ptr<const Route> route,
                                               AttemptLog& log, std::unique_ptr<Connection>& used) {
  std::unique_ptr<Connection> idle = take_idle(order.site, *route);
  if (!idle) co_return Outcomes();
  Outcomes outcomes = co_await idle->send(*order.envelope, order.recipients, order.turn, log);
  if (idle->went_unanswered()) {
    log.did("the connection had been closed meanwhile");
    co_await pool_.discard(order.site, std::move(idle));
    order.turn = no_wait;  // it has had its turn
    co_return Outcomes();
  }
  used = std::move(idle);
  co_return outcomes;
}

io::Task<Deliverer::Outcomes> Deliverer::open_and_send(Order& order,
                                                       std::shared_ptr<const Route> route,
                                                       AttemptLog& log,
                                                       std::unique_ptr<Connection>& used) {
  co_await pool_.reserve(order.site, order.connections_max);
  Opener opener(surroundings(), deps_.resolver, settings_, std::move(route), log);
  Opener::Opened opened = co_await opener.open();
  if (!opened) {
    pool_.release(order.site);
    co_return Outcomes(order.recipients.size(), std::move(opened).error());
  }
  used = *std::move(opened);
  co_return co_await used->send(*order.envelope, order.recipients, order.turn, log);
}

io::Task<void> Deliverer::settle(Order& order, Outcomes outcomes, const AttemptLog& log) {
  std::shared_ptr<const std::string> transcript = log.transcript();
  bool failures_only = settings_->transcripts == Transcripts::failures;
  for (Outcome& outcome : outcomes) {
    outcome.took = log.took();
    outcome.steps = log.steps();
    if (outcome.verdict != Verdict::delivered || !failures_only) outcome.transcript = transcript;
  }
  co_await order.settle(std::move(outcomes));
}

io::Task<void> Deliverer::hand_back(const Order& order, std::string key,
                                    std::unique_ptr<Connection> connection) {
  bool again =
      connection->usable() && connection->messages_sent() < order.messages_per_connection_max;
  if (again)
    pool_.keep(order.site, key, std::move(connection));
  else
    co_await pool_.discard(order.site, std::move(connection));
}

io::Task<void> Deliverer::stop() { co_await pool_.stop(); }

}  // namespace waypost::delivery
