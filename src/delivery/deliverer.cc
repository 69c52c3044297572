#include "delivery/deliverer.h"

#include <fmt/format.h>

#include "base/time.h"

namespace waypost::delivery {

using events::Outcome;
using events::Phase;
using events::Verdict;

namespace {

// What an idle connection is good for: mail of the same route by the same port to this host, from
// the same source.
// An id stands for address, name and proxy, since no connection outlives the settings that it was
// made by.
std::string pool_key(const Route& route, const std::string& host, const Source& source) {
  return route.connection_key(host) + " from " + source.id;
}

Outcome no_source(std::string why) {
  Outcome outcome;
  outcome.phase = Phase::egress;
  outcome.reason = std::move(why);
  return outcome;
}

}  // namespace

Deliverer::Deliverer(Dependencies dependencies, Settings settings)
    : deps_(dependencies),
      settings_(std::make_shared<const Settings>(std::move(settings))),
      routes_(deps_.loop, deps_.resolver, settings_),
      sources_(deps_.loop, settings_),
      ports_(deps_.loop),
      pool_(deps_.loop, {settings_->idle_connection, settings_->connections_max}) {}

void Deliverer::reconfigure(Settings settings) {
  settings_ = std::make_shared<const Settings>(std::move(settings));
  routes_.reconfigure(settings_);
  sources_.reconfigure(settings_);
  ports_.forget();
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
  Passage passage{log, nullptr};
  Way way{*route, nullptr, settings};
  Outcomes outcomes = co_await send(order, way, passage);
  co_await settle(order, std::move(outcomes), log);
  std::unique_ptr<Connection> used = std::move(passage.used);
  if (!used) co_return;
  // One that was made before a reconfiguration may lead elsewhere, or say another name.
  std::string key = pool_key(used->route(), used->peer().host, used->source());
  if (settings == settings_)
    co_await hand_back(order, std::move(key), std::move(used));
  else
    co_await pool_.discard(order.site, std::move(used));
}

// From the first source that works and can reach a host. With none the recipients wait.
io::Task<Deliverer::Outcomes> Deliverer::send(Order& order, Way way, Passage& passage) {
  Sources::Choice choice =
      sources_.choose(way.route->pool, order.envelope->stream, order.envelope->id);
  Outcomes outcomes;
  if (choice.usable.empty()) outcomes.assign(order.recipients.size(), no_source(choice.why_none));
  for (const auto& source : choice.usable) {
    way.source = source;
    passage.source_failed = false;
    if (passage.log.keeps_transcript() && !source->id.empty())
      passage.log.did("from the source " + source->id + " as " + source->helo);
    outcomes = co_await reuse(order, way, passage);
    if (outcomes.empty()) outcomes = co_await open_and_send(order, way, passage);
    if (!passage.source_failed) break;
  }
  co_return outcomes;
}

// No connection outlives the settings that it was made by, nor do newer ones serve an attempt that
// began before them.
std::unique_ptr<Connection> Deliverer::take_idle(const std::string& site, const Way& way) {
  if (way.settings != settings_) return nullptr;
  std::shared_ptr<const Route> route = ports_.in_use(way.route, *way.source);
  for (const MailHost& host : route->hosts)
    if (auto idle = pool_.take(site, pool_key(*route, host.name, *way.source))) return idle;
  return nullptr;
}

// Over an idle connection, if there is one; no outcomes when there was none, or when it had been
// closed meanwhile and nothing was said on it.
io::Task<Deliverer::Outcomes> Deliverer::reuse(Order& order, Way way, Passage& passage) {
  std::unique_ptr<Connection> idle = take_idle(order.site, way);
  if (!idle) co_return Outcomes();
  Outcomes outcomes =
      co_await idle->send(*order.envelope, order.recipients, order.turn, passage.log);
  if (idle->went_unanswered()) {
    passage.log.did("the connection had been closed meanwhile");
    co_await pool_.discard(order.site, std::move(idle));
    // The host may have heard MAIL all the same: the next one takes a turn of its own.
    co_return Outcomes();
  }
  passage.used = std::move(idle);
  co_return outcomes;
}

io::Task<Deliverer::Outcomes> Deliverer::open_and_send(Order& order, Way way, Passage& passage) {
  co_await pool_.reserve(order.site, order.connections_max, order.urgent);
  Opened opened = co_await open(order, std::move(way), passage);
  if (!opened) {
    pool_.release(order.site);
    co_return Outcomes(order.recipients.size(), std::move(opened).error());
  }
  passage.used = *std::move(opened);
  co_return co_await passage.used->send(*order.envelope, order.recipients, order.turn, passage.log);
}

// By the first port of the route that takes mail.
io::Task<Deliverer::Opened> Deliverer::open(Order& order, Way way, Passage& passage) {
  Ports::Plan plan = ports_.plan(way.route, *way.source);
  while (true) {
    Way by_port{plan.route(), way.source, way.settings};
    Opener opener(surroundings(), deps_.resolver, std::move(by_port), order.connecting,
                  passage.log);
    Opened opened = co_await opener.open();
    if (opened) {
      note_port(order, way, plan);
      co_return opened;
    }
    note_source(way, opener, opened.error(), passage);
    if (passage.source_failed || !opener.source_trouble().empty()) co_return opened;
    bool more = plan.go_on(std::move(opened).error());
    if (!more) co_return tl::unexpected(std::move(plan).outcome());
    passage.log.did(fmt::format("trying port {} instead", plan.route()->port));
  }
}

// What an attempt by settings that are gone came to would be said of a route or a source that may
// be another one by now, and nobody would take it back.
void Deliverer::note_port(const Order& order, const Way& way, const Ports::Plan& plan) {
  if (way.settings != settings_) return;
  auto event = ports_.takes_mail(plan, *way.route, *way.source);
  if (!event || !deps_.tell) return;
  event->site = order.site;
  deps_.tell(*std::move(event));
}

void Deliverer::note_source(const Way& way, const Opener& opener, const Outcome& outcome,
                            Passage& passage) {
  const std::string& trouble = opener.source_trouble();
  bool met_nobody = outcome.phase == Phase::egress;
  passage.source_failed = met_nobody && (!trouble.empty() || opener.met_other_family());
  if (!trouble.empty() && way.settings == settings_) sources_.pass_over(*way.source, trouble);
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
