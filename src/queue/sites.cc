#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "queue/queue.h"

// Where the mail goes, and when it may.
namespace waypost::queue {
namespace {

using events::Outcome;

// What was learnt of a site is kept for as long after its last recipient.
constexpr Duration site_remembered_for = std::chrono::minutes(10);

// Of those that wait for their turn at a site; most of them have it within moments.
constexpr size_t whole_messages_max = 10'000;

using Refused = std::optional<std::string>;

}  // namespace

// All of them stand at their sites before the first is sent, so that recipients of one message go
// together. Each comes from nowhere: it is new, or was taken out of its place.
void Queue::find_sites(const std::vector<Item>& items) {
  Arrival arrival;
  Ending suppressed;
  std::vector<std::string> unknown;
  for (Item item : items) {
    if (ends_suppressed(item, suppressed)) continue;
    const std::string domain = item.domain();
    if (auto host = deps_.courier.known_mail_host(domain)) {
      make_ready(item, *host, arrival);
      continue;
    }
    put(item, Place::resolving);
    item.state().order = ++next_order_;
    auto [waiting, is_new] = resolving_.try_emplace(domain);
    waiting->second.emplace(item.state().order, item);
    if (is_new) unknown.push_back(domain);
  }
  if (!suppressed.items.empty()) end_soon(std::move(suppressed));
  for (std::string& domain : unknown) attempts_.start(resolve(std::move(domain)));
  finish(std::move(arrival));
}

std::optional<Suppressed> Queue::suppression_of(Item item) const {
  if (!deps_.suppressor) return std::nullopt;
  return deps_.suppressor->find(*item.message->envelope(), item.recipient);
}

bool Queue::ends_suppressed(Item item, Ending& ending) {
  std::optional<Suppressed> found = suppression_of(item);
  if (!found) return false;
  end_with(ending, item);
  ending.suppressed.push_back(*std::move(found));
  return true;
}

io::Task<void> Queue::resolve(std::string domain) {
  auto found = co_await deps_.courier.find_mail_host(domain);
  auto waiting = resolving_.extract(domain);
  Arrival arrival;
  Ending ending;
  for (auto& [order, item] : waiting.mapped()) {
    if (found) {
      make_ready(item, *found, arrival);
      continue;
    }
    end_with(ending, item);
    ending.outcomes.push_back(found.error());
  }
  if (!ending.items.empty()) end_soon(std::move(ending));
  finish(std::move(arrival));
}

void Queue::finish(Arrival arrival) {
  if (!arrival.too_old.items.empty()) end_soon(std::move(arrival.too_old));
  for (Site* site : arrival.filled) pump(*site);
}

void Queue::make_ready(Item item, const shaping::MailHost& host, Arrival& arrival) {
  RecipientState& state = item.state();
  Site& site = site_for(item.domain(), host);
  enter_site(item, site);
  if (item.message->expires_at <= deps_.loop.now()) {
    note_what_held(item);
    return end_with(arrival.too_old, item);
  }
  if (pause_of(item)) {
    pack(*item.message);
    put(item, Place::paused);
    state.order = ++next_order_;
    paused_.emplace(state.order, item);
    return;
  }
  if (whole_messages_ > whole_messages_max) pack(*item.message);
  put(item, Place::ready);
  item.message->lane = lane_of(item);
  site.ready.add(item);
  if (!std::exchange(site.filled, true)) arrival.filled.push_back(&site);
}

uint16_t Queue::lane_of(Item item) const {
  if (!settings_.streams.has_lanes()) return 0;
  return static_cast<uint16_t>(settings_.streams.lane_of(item.message->envelope()->stream));
}

Site& Queue::site_for(const std::string& domain, const shaping::MailHost& host) {
  shaping::SiteTable::Match match = settings_.sites.find(domain, host);
  std::unique_ptr<Site>& site = sites_[match.site];
  if (!site) {
    const shaping::SiteLimits& limits = *match.limits;
    site = std::make_unique<Site>(std::move(match), host.service, settings_.streams,
                                  deps_.loop.timers());
    give_limits(*site, limits);
    return *site;
  }
  // A reload brought it a rule, or took its rule away. A host may be called as a rule is that is
  // not for it: then the rule holds.
  bool holds = match.rule.empty() && settings_.sites.has_rule(site->rule);
  if (site->rule != match.rule && !holds) {
    site->rule = std::move(match.rule);
    give_limits(*site, *match.limits);
  }
  return *site;
}

// Those that are configured, as far as no person asked for lower ones.
void Queue::give_limits(Site& site, const shaping::SiteLimits& configured) {
  const auto asked = asked_limits_.find(site.name);
  site.set_limits(
      asked == asked_limits_.end() ? configured : shaping::within(configured, asked->second.most()),
      deps_.loop.now());
  site.quotas = quotas_.open(site.name, site.limits);
  await_turn(site);
}

// Who came onto the list while waiting for a turn.
bool Queue::passes_over(Item front) {
  std::optional<Suppressed> found = suppression_of(front);
  if (!found) return false;
  take_out(front);
  Ending ending;
  end_with(ending, front);
  ending.suppressed.push_back(*std::move(found));
  end_soon(std::move(ending));
  return true;
}

void Queue::pump(Site& site) {
  // An attempt that ends without suspending pumps again from inside.
  site.filled = false;
  if (site.pumping) return;
  site.pumping = true;
  while (std::optional<size_t> lane = next_lane(site, deps_.loop.now())) {
    if (passes_over(site.ready.front(*lane))) continue;
    Message& first = *site.ready.front(*lane).message;
    if (first.expires_at <= deps_.loop.now()) {
      expire(first);
      continue;
    }
    site.begin(*lane, deps_.loop.now());
    attempts_.start(attempt(site, take_batch(site, *lane), settings_.streams.is_urgent(*lane)));
  }
  site.pumping = false;
}

// The lane whose first may be sent now. When it is only too early for all of them, the timer waits
// for the first that may.
std::optional<size_t> Queue::next_lane(Site& site, Instant now) {
  // Outcomes that cannot be recorded would be repeated after a restart.
  if (stopping_ || !deps_.spool.healthy()) return std::nullopt;
  Instant later = Instant::max();
  std::optional<size_t> lane = site.fair_turns.next([&](size_t candidate) {
    if (site.ready.empty(candidate) || !site.has_slot(candidate)) return false;
    Instant free_at = site.free_at(candidate, now);
    if (free_at <= now) free_at = connection_free_at(site, now);
    if (free_at > now) later = std::min(later, free_at);
    return free_at <= now;
  });
  if (!lane && later < Instant::max()) site.timer.start(later, [this, &site] { pump(site); });
  return lane;
}

// When one more attempt will have a connection: one that is idle, or a new one within the site's
// new connections a minute. Those that run and have none yet take theirs before it. One that would
// have to wait inside keeps a place from other sites, and its mail from what becomes idle
// meanwhile.
Instant Queue::connection_free_at(const Site& site, Instant now) const {
  if (!site.quotas || site.quotas->connections().most() == 0) return now;
  const unsigned idle = deps_.courier.idle_connections(site.name);
  const unsigned needed = site.unconnected + 1;
  return idle >= needed ? now : site.quotas->connections().free_at(now, needed - idle);
}

// A site that nobody waits for is forgotten, once what it remembers is of no more use.
void Queue::rest_or_forget(Site& site) {
  if (site.recipients > 0 || site.sending > 0) return;
  Instant of_no_use = std::max(site.at_rest_at(), deps_.loop.now());
  site.timer.start(of_no_use + site_remembered_for, [this, &site] {
    if (site.recipients == 0 && site.sending == 0) sites_.erase(std::string(site.name));
  });
}

std::vector<Item> Queue::take_batch(Site& site, size_t lane) {
  std::vector<Item> batch;
  size_t most = site.limits.recipients_per_message.value;
  while (!site.ready.empty(lane) && batch.size() < most) {
    Item item = site.ready.front(lane);
    bool fits = batch.empty() || (item.message == batch.front().message &&
                                  deps_.courier.go_together(item.domain(), batch.front().domain()));
    // One who is not to be written to ends when it is his turn to be the first.
    if (!fits || (!batch.empty() && suppression_of(item))) break;
    take_out(item);
    unpack(*item.message);
    batch.push_back(item);
  }
  return batch;
}

io::Task<void> Queue::attempt(Site& site, std::vector<Item> batch, bool urgent) {
  Assignment assignment;
  assignment.envelope = batch.front().message->envelope();
  for (Item item : batch) assignment.recipients.push_back(item.recipient);
  assignment.domain = batch.front().domain();
  assignment.site = site.name;
  assignment.urgent = urgent;
  assignment.connections_max = site.slots();
  assignment.messages_per_connection_max = site.limits.messages_per_connection.value;
  QuotaPlace place(site.quotas);
  ConnectionNeed need(site.unconnected);
  bool had_turn = false;
  const Message& message = *batch.front().message;
  assignment.turn = [this, &site, urgent, until = message.deadline(), &place, &need, &had_turn] {
    need.end();
    bool again = std::exchange(had_turn, true);
    return again ? wait_another_turn(site, urgent, until) : wait_turn(site, urgent, until, place);
  };
  if (site.quotas && site.limits.connections_per_minute.value > 0)
    assignment.connecting = [this, &site, &need, until = message.expires_at] {
      return wait_to_connect(site, until, need);
    };
  assignment.settle = [this, batch = std::move(batch)](std::vector<Outcome> outcomes) {
    return settle(batch, std::move(outcomes));
  };
  co_await deps_.courier.attempt(std::move(assignment));
  place.leave();
  need.end();
  site.end(urgent);
  pump(site);
  rest_or_forget(site);
}

// The frame that awaits this holds the place. A limit may be new since the attempt began, which has
// no place then: its message counts all the same. Looking up, connecting and greeting take minutes
// where the others are slow, so a message may have come too late for its deadline.
io::Task<Refused> Queue::wait_turn(Site& site, bool urgent, Instant until, QuotaPlace& place) {
  const bool in_time = co_await wait_for_pace(site, urgent, until);
  if (!in_time)
    co_return fmt::format("its deadline was over before it could be sent to {}", site.name);
  place.leave();
  QuotaPlace(site.quotas).send(deps_.loop.now());
  if (site.quotas) quotas_.note_change();
  co_return std::nullopt;
}

// Of an attempt that has given MAIL before, on a connection that turned out to be gone: it is one
// message more for the site. For a window that is full it does not wait here, where nobody could
// say why, and nothing could end it.
io::Task<Refused> Queue::wait_another_turn(Site& site, bool urgent, Instant until) {
  if (site.quotas) {
    const Instant now = deps_.loop.now();
    const SiteQuotas::Shortage shortage = site.shortage(urgent, now, 0);
    if (shortage.until > now)
      co_return fmt::format("{} gets at most {} {}{}, and has had {}", site.name,
                            shortage.limit->value, shortage.what, site.kept_free_text(urgent),
                            shortage.quota->used(now));
  }
  QuotaPlace place(site.quotas);
  co_return co_await wait_turn(site, urgent, until, place);
}

// Whether it has its turn before `until`. An urgent message that was let go behind others is named
// before them.
io::Task<bool> Queue::wait_for_pace(Site& site, bool urgent, Instant until) {
  const Instant now = deps_.loop.now();
  if (until <= now) co_return false;
  bool nobody_waits = site.urgent_waiting.empty() && site.waiting.empty();
  if (nobody_waits && site.turns.next() <= now) {
    site.turns.take(now);
    co_return true;
  }
  io::Completion<bool> turn;
  (urgent ? site.urgent_waiting : site.waiting).push_back({&turn, until});
  if (nobody_waits) await_turn(site);
  const bool in_time = co_await turn;
  co_return in_time;
}

// Also when a wait has become shorter.
void Queue::await_turn(Site& site) {
  if (!site.urgent_waiting.empty() || !site.waiting.empty())
    site.turn_timer.start(site.turns.next(), [this, &site] { give_turn(site); });
}

// One that comes too late leaves its turn to the next.
void Queue::give_turn(Site& site) {
  auto& waiting = site.urgent_waiting.empty() ? site.waiting : site.urgent_waiting;
  const TurnWaiter first = waiting.front();
  waiting.pop_front();
  const bool in_time = first.until > deps_.loop.now();
  if (in_time) site.turns.take(deps_.loop.now());
  await_turn(site);
  // Last: the attempt goes on inside.
  first.turn->complete(in_time);
}

// Also for what comes after one that failed, or was gone.
io::Task<Refused> Queue::wait_to_connect(Site& site, Instant until, ConnectionNeed& need) {
  const std::shared_ptr<SiteQuotas> quotas = site.quotas;
  if (!quotas) co_return std::nullopt;
  need.arise();
  while (true) {
    Instant free_at = quotas->may_connect_at(deps_.loop.now());
    if (free_at <= deps_.loop.now()) break;
    if (free_at > until)
      co_return fmt::format("{} gets at most {} new connections a minute, and no more in time",
                            site.name, quotas->connections().most());
    co_await io::sleep_until(deps_.loop, free_at);
  }
  need.end();
  quotas->connect(deps_.loop.now());
  quotas_.note_change();
  co_return std::nullopt;
}

}  // namespace waypost::queue
