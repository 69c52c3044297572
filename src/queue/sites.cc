#include <algorithm>
#include <utility>

#include "queue/queue.h"

// Where the mail goes, and when it may.
namespace waypost::queue {
namespace {

using events::Outcome;

// What was learnt of a site is kept for as long after its last recipient.
constexpr Duration site_remembered_for = std::chrono::minutes(10);

}  // namespace

// All of them stand at their sites before the first is sent, so that recipients of one message go
// together. Each comes from nowhere: it is new, or was taken out of its place.
void Queue::find_sites(const std::vector<Item>& items) {
  Arrival arrival;
  std::vector<std::string> unknown;
  for (Item item : items) {
    const std::string& domain = item.domain();
    if (auto host = deps_.courier.known_mail_host(domain)) {
      make_ready(item, *host, arrival);
      continue;
    }
    item.state().place = Place::resolving;
    item.state().order = ++next_order_;
    auto [waiting, is_new] = resolving_.try_emplace(domain);
    waiting->second.emplace(item.state().order, item);
    if (is_new) unknown.push_back(domain);
  }
  for (std::string& domain : unknown) attempts_.start(resolve(std::move(domain)));
  finish(std::move(arrival));
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
  if (state.site != &site) {
    leave_site(item);
    state.site = &site;
    ++site.recipients;
  }
  if (item.message->expires_at <= deps_.loop.now()) return end_with(arrival.too_old, item);
  if (pause_of(item)) {
    state.place = Place::paused;
    state.order = ++next_order_;
    paused_.emplace(state.order, item);
    return;
  }
  state.place = Place::ready;
  state.order = ++site.next_order;
  site.ready.emplace_hint(site.ready.end(), state.order, item);
  if (!std::exchange(site.filled, true)) arrival.filled.push_back(&site);
}

Site& Queue::site_for(const std::string& domain, const shaping::MailHost& host) {
  shaping::SiteTable::Match match = settings_.sites.find(domain, host);
  std::unique_ptr<Site>& site = sites_[match.site];
  if (!site) site = std::make_unique<Site>(std::move(match), host.service, deps_.loop.timers());
  return *site;
}

void Queue::pump(Site& site) {
  // An attempt that ends without suspending pumps again from inside.
  site.filled = false;
  if (site.pumping) return;
  site.pumping = true;
  while (!site.ready.empty() && may_send_now(site, deps_.loop.now())) {
    Message& first = *site.ready.begin()->second.message;
    if (first.expires_at <= deps_.loop.now()) {
      expire(first);
      continue;
    }
    site.pacer.take(deps_.loop.now());
    ++site.sending;
    attempts_.start(attempt(site, take_batch(site)));
  }
  site.pumping = false;
}

bool Queue::may_send_now(Site& site, Instant now) {
  // Outcomes that cannot be recorded would be repeated after a restart.
  if (stopping_ || !deps_.spool.healthy()) return false;
  if (site.free_at() > now) {
    site.timer.start(site.free_at(), [this, &site] { pump(site); });
    return false;
  }
  return site.sending < site.slots();
}

// A site that nobody waits for is forgotten, once what it remembers is of no more use.
void Queue::rest_or_forget(Site& site) {
  if (site.recipients > 0 || site.sending > 0) return;
  Instant of_no_use = std::max({site.free_at(), site.turns.next(), deps_.loop.now()});
  site.timer.start(of_no_use + site_remembered_for, [this, &site] {
    if (site.recipients == 0 && site.sending == 0) sites_.erase(std::string(site.name));
  });
}

std::vector<Item> Queue::take_batch(Site& site) {
  std::vector<Item> batch;
  size_t most = site.limits.recipients_per_message.value;
  while (!site.ready.empty() && batch.size() < most) {
    Item item = site.ready.begin()->second;
    bool fits = batch.empty() || (item.message == batch.front().message &&
                                  deps_.courier.go_together(item.domain(), batch.front().domain()));
    if (!fits) break;
    take_out(item);
    batch.push_back(item);
  }
  return batch;
}

io::Task<void> Queue::attempt(Site& site, std::vector<Item> batch) {
  Assignment assignment;
  assignment.envelope = batch.front().message->envelope;
  for (Item item : batch) assignment.recipients.push_back(item.recipient);
  assignment.domain = batch.front().domain();
  assignment.site = site.name;
  assignment.connections_max = site.slots();
  assignment.messages_per_connection_max = site.limits.messages_per_connection.value;
  assignment.turn = [this, &site] { return wait_turn(site); };
  assignment.settle = [this, batch = std::move(batch)](std::vector<Outcome> outcomes) {
    return settle(batch, std::move(outcomes));
  };
  co_await deps_.courier.attempt(std::move(assignment));
  --site.sending;
  pump(site);
  rest_or_forget(site);
}

io::Task<void> Queue::wait_turn(Site& site) {
  Instant now = deps_.loop.now();
  Instant turn = std::max(site.turns.next(), now);
  site.turns.take(now);
  if (turn > now) co_await io::sleep_until(deps_.loop, turn);
}

}  // namespace waypost::queue
