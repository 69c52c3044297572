#include "queue/queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace waypost::queue {
namespace {

using events::EventKind;
using events::Outcome;
using events::Verdict;

// A dead site is probed at least this often, however long single messages wait.
constexpr Duration site_shut_max = std::chrono::minutes(5);

spool::RecipientProgress settled_after(uint32_t attempts) {
  spool::RecipientProgress progress;
  progress.settled = true;
  progress.attempts = attempts;
  return progress;
}

}  // namespace

Queue::Queue(Dependencies dependencies, shaping::SiteTable sites, RetrySchedule retry)
    : deps_(dependencies),
      site_table_(std::move(sites)),
      retry_(retry),
      judge_(dependencies.replies),
      due_timer_(deps_.loop.timers()) {}

Queue::~Queue() = default;

void Queue::add(spool::Envelope envelope) {
  Message& message = insert(std::move(envelope));
  std::vector<Item> items;
  for (uint32_t i = 0; i < message.unsettled; ++i) items.push_back({&message, i});
  // Neighbours go together.
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.domain() < b.domain(); });
  find_sites(items);
}

void Queue::restore(spool::StoredMessage stored) {
  Message& message = insert(std::move(stored.envelope));
  for (const auto& [index, progress] : stored.progress) {
    if (index >= message.recipients.size()) continue;
    RecipientState& state = message.recipients[index];
    state.attempts = progress.attempts;
    state.last_reply = progress.last_reply;
    state.last_host = progress.last_host;
    state.due = to_instant(progress.next_attempt_at);
    if (!progress.settled) continue;
    state.place = Place::settled;
    --message.unsettled;
    --unsettled_;
  }
  // The process died between settling the last recipient and removing the message.
  if (message.unsettled == 0) {
    auto envelope = message.envelope;
    messages_.erase(envelope->id);
    attempts_.start(write(std::move(envelope), true, {}));
    return;
  }
  auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count; ++i)
    if (message.recipients[i].place != Place::settled) wait_until_due({&message, i});
}

Queue::Message& Queue::insert(spool::Envelope envelope) {
  auto message = std::make_unique<Message>();
  message->envelope = std::make_shared<const spool::Envelope>(std::move(envelope));
  message->expires_at = to_instant(message->envelope->expires_at);
  message->recipients.resize(message->envelope->recipients.size());
  message->unsettled = static_cast<uint32_t>(message->recipients.size());
  unsettled_ += message->unsettled;
  auto [place, is_new] = messages_.emplace(message->envelope->id, std::move(message));
  CHECK(is_new);
  return *place->second;
}

// ---- where the mail goes

// All of them stand at their sites before the first is sent, so that recipients of one message go
// together.
void Queue::find_sites(const std::vector<Item>& items) {
  std::vector<Site*> filled;
  std::vector<std::string> unknown;
  for (Item item : items) {
    const std::string& domain = item.domain();
    if (auto host = deps_.courier.known_mail_host(domain)) {
      make_ready(item, *host, filled);
      continue;
    }
    item.state().place = Place::resolving;
    std::vector<Item>& waiting = resolving_[domain];
    if (waiting.empty()) unknown.push_back(domain);
    waiting.push_back(item);
  }
  for (std::string& domain : unknown) attempts_.start(resolve(std::move(domain)));
  for (Site* site : filled) pump(*site);
}

io::Task<void> Queue::resolve(std::string domain) {
  auto found = co_await deps_.courier.find_mail_host(domain);
  auto waiting = resolving_.extract(domain);
  std::vector<Item> items = std::move(waiting.mapped());
  if (found) {
    std::vector<Site*> filled;
    for (Item item : items) make_ready(item, *found, filled);
    for (Site* site : filled) pump(*site);
    co_return;
  }
  // Items of one message are neighbours: they were added together.
  for (auto first = items.begin(); first != items.end();) {
    auto last = std::find_if(first, items.end(),
                             [first](const Item& item) { return item.message != first->message; });
    std::vector<Outcome> outcomes(static_cast<size_t>(last - first), found.error());
    co_await settle({first, last}, std::move(outcomes));
    first = last;
  }
}

void Queue::make_ready(Item item, const std::string& mail_host, std::vector<Site*>& filled) {
  Site& site = site_for(item.domain(), mail_host);
  item.state().place = Place::ready;
  item.state().site = &site;
  site.ready.push_back(item);
  if (std::exchange(site.filled, true)) return;
  filled.push_back(&site);
}

Queue::Site& Queue::site_for(const std::string& domain, const std::string& mail_host) {
  shaping::SiteTable::Match match = site_table_.find(domain, mail_host);
  std::unique_ptr<Site>& site = sites_[match.site];
  if (!site) {
    site = std::make_unique<Site>(std::move(match), deps_.loop.timers());
    site->domain = domain;
    site->mail_host = mail_host;
  }
  return *site;
}

// ---- sending

void Queue::pump(Site& site) {
  // An attempt that ends without suspending pumps again from inside.
  site.filled = false;
  if (site.pumping) return;
  site.pumping = true;
  while (!site.ready.empty() && may_send_now(site, deps_.loop.now())) {
    if (site.ready.front().message->expires_at <= deps_.loop.now()) {
      Item item = site.ready.front();
      site.ready.pop_front();
      expire(item);
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
  Instant free_at = std::max(site.shut_until, site.pacer.next());
  if (free_at > now) {
    site.timer.start(free_at, [this, &site] { pump(site); });
    return false;
  }
  unsigned slots = site.failures > 0 ? 1 : site.limits->connections.value;
  return site.sending < slots;
}

std::vector<Queue::Item> Queue::take_batch(Site& site) {
  std::vector<Item> batch;
  size_t most = site.limits->recipients_per_message.value;
  while (!site.ready.empty() && batch.size() < most) {
    Item item = site.ready.front();
    bool fits = batch.empty() ||
                (item.message == batch.front().message && item.domain() == batch.front().domain());
    if (!fits) break;
    site.ready.pop_front();
    item.state().place = Place::sending;
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
  assignment.connections_max = site.limits->connections.value;
  assignment.messages_per_connection_max = site.limits->messages_per_connection.value;
  assignment.turn = [this, &site] { return wait_turn(site); };
  assignment.settle = [this, &site, batch = std::move(batch)](std::vector<Outcome> outcomes) {
    return finish(site, batch, std::move(outcomes));
  };
  co_await deps_.courier.attempt(std::move(assignment));
  --site.sending;
  pump(site);
}

io::Task<void> Queue::finish(Site& site, std::vector<Item> batch, std::vector<Outcome> outcomes) {
  CHECK(outcomes.size() == batch.size());
  note_reachability(site, outcomes);
  co_await settle(std::move(batch), std::move(outcomes));
}

io::Task<void> Queue::wait_turn(Site& site) {
  Instant now = deps_.loop.now();
  Instant turn = std::max(site.turns.next(), now);
  site.turns.take(now);
  if (turn > now) co_await io::sleep_until(deps_.loop, turn);
}

void Queue::note_reachability(Site& site, const std::vector<Outcome>& outcomes) {
  const Outcome& outcome = outcomes.front();
  if (!outcome.concerns_site) {
    site.failures = 0;
    site.shut_until = {};
    return;
  }
  // Attempts that ran side by side and failed together are one failure.
  if (deps_.loop.now() < site.shut_until) return;
  ++site.failures;
  site.last_failure = outcome.text();
  Duration pause = retry_.delay(site.failures, deps_.loop.rng().uniform());
  site.shut_until = deps_.loop.now() + std::min(pause, site_shut_max);
}

// ---- outcomes

io::Task<void> Queue::settle(std::vector<Item> items, std::vector<Outcome> outcomes) {
  Record record;
  Message& message = *items.front().message;
  for (size_t i = 0; i < items.size(); ++i) judge(items[i], outcomes[i], record);
  auto envelope = message.envelope;
  bool done = message.unsettled == 0;
  if (done) messages_.erase(envelope->id);
  std::vector<Item> retries = record.retries;
  co_await write(std::move(envelope), done, std::move(record));
  for (Item item : retries) wait_until_due(item);
}

void Queue::judge(Item item, const Outcome& outcome, Record& record) {
  RecipientState& state = item.state();
  ++state.attempts;
  state.last_reply = outcome.text();
  state.last_host = outcome.peer.host;
  const auto& sender = item.message->envelope->sender;
  Judgement judgement =
      judge_.judge(outcome, sender ? std::string_view(sender->domain) : "", item.domain());
  if (judgement.verdict == Verdict::deferred)
    return defer(item, outcome, std::move(judgement), record);
  EventKind kind =
      judgement.verdict == Verdict::delivered ? EventKind::delivered : EventKind::bounced;
  events::Event event = event_about(item, kind);
  event.peer = outcome.peer;
  event.phase = outcome.phase;
  event.took = outcome.took;
  event.steps = outcome.steps;
  event.transcript = outcome.transcript;
  event.cause = std::move(judgement.cause);
  record.events.push_back(std::move(event));
  record.changes.push_back({item.recipient, settled_after(state.attempts)});
  state.place = Place::settled;
  --item.message->unsettled;
  --unsettled_;
}

void Queue::defer(Item item, const Outcome& outcome, Judgement judgement, Record& record) {
  RecipientState& state = item.state();
  Duration delay = retry_.delay(state.attempts, deps_.loop.rng().uniform());
  // Whoever names a time knows better, but may not hold mail for longer than our longest delay.
  if (judgement.wait) delay = std::max(delay, std::min(*judgement.wait, retry_.longest));
  state.due = deps_.loop.now() + delay;
  bool gives_up = state.due >= item.message->expires_at;
  events::Event event = event_about(item, gives_up ? EventKind::expired : EventKind::deferred);
  event.peer = outcome.peer;
  event.phase = outcome.phase;
  event.took = outcome.took;
  event.steps = outcome.steps;
  event.transcript = outcome.transcript;
  event.cause = std::move(judgement.cause);
  if (gives_up) {
    state.place = Place::settled;
    --item.message->unsettled;
    --unsettled_;
  } else {
    event.next_attempt_at = to_wall(state.due);
    record.retries.push_back(item);
  }
  record.events.push_back(std::move(event));
  record.changes.push_back({item.recipient,
                            {.settled = gives_up,
                             .attempts = state.attempts,
                             .next_attempt_at = to_wall(state.due),
                             .last_reply = state.last_reply,
                             .last_host = state.last_host}});
}

io::Task<void> Queue::write(std::shared_ptr<const spool::Envelope> envelope, bool done,
                            Record record) {
  // A failure makes the spool unhealthy for good, which pump() and intake act on; what was not
  // recorded is tried again after the restart.
  Result<void> written;
  if (done)
    written = co_await deps_.spool.remove(*envelope);
  else
    written = co_await deps_.spool.update(envelope->id, std::move(record.changes));
  for (events::Event& event : record.events) {
    if (!written) event.reply += " (not recorded: " + written.error().describe() + ")";
    deps_.events.emit(std::move(event));
  }
}

void Queue::expire(Item item) {
  Record record;
  RecipientState& state = item.state();
  record.events.push_back(event_about(item, EventKind::expired));
  record.changes.push_back({item.recipient, settled_after(state.attempts)});
  state.place = Place::settled;
  --unsettled_;
  auto envelope = item.message->envelope;
  bool done = --item.message->unsettled == 0;
  if (done) messages_.erase(envelope->id);
  attempts_.start(write(std::move(envelope), done, std::move(record)));
}

// ---- waiting

void Queue::wait_until_due(Item item) {
  RecipientState& state = item.state();
  state.place = Place::deferred;
  due_.push({state.due, item});
  if (due_.top().item.message == item.message && due_.top().item.recipient == item.recipient)
    due_timer_.start(state.due, [this] { wake_due(); });
}

void Queue::wake_due() {
  if (stopping_) return;
  Instant now = deps_.loop.now();
  std::vector<Item> items;
  while (!due_.empty() && due_.top().at <= now) {
    items.push_back(due_.top().item);
    due_.pop();
  }
  if (!due_.empty()) due_timer_.start(due_.top().at, [this] { wake_due(); });
  std::vector<Item> live;
  for (Item item : items) {
    if (item.message->expires_at <= now)
      expire(item);
    else
      live.push_back(item);
  }
  find_sites(live);
}

io::Task<bool> Queue::stop(Instant deadline) {
  stopping_ = true;
  co_return co_await attempts_.join_until(deps_.loop, deadline);
}

Instant Queue::to_instant(WallTime time) const {
  Duration ahead = time - deps_.loop.wall_now();
  return deps_.loop.now() + ahead;
}

WallTime Queue::to_wall(Instant time) const {
  return deps_.loop.wall_now() +
         std::chrono::duration_cast<std::chrono::microseconds>(time - deps_.loop.now());
}

events::Event Queue::event_about(Item item, EventKind kind) const {
  const spool::Envelope& envelope = *item.message->envelope;
  const RecipientState& state = item.state();
  events::Event event;
  event.kind = kind;
  event.at = deps_.loop.wall_now();
  event.message = envelope.id;
  event.tenant = envelope.tenant;
  event.stream = envelope.stream;
  event.tags = envelope.tags;
  event.metadata = envelope.metadata;
  event.sender = envelope.sender ? envelope.sender->text() : "";
  event.recipients = {envelope.recipients[item.recipient].text()};
  event.attempt = state.attempts;
  event.site = state.site ? state.site->name : "";
  event.reply = state.last_reply;
  event.since_accepted = event.at - envelope.accepted_at;
  return event;
}

}  // namespace waypost::queue
