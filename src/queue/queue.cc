#include "queue/queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace waypost::queue {

using events::EventKind;

Queue::Queue(Dependencies dependencies, Settings settings)
    : deps_(dependencies),
      settings_(std::move(settings)),
      judge_(dependencies.replies),
      due_timer_(deps_.loop.timers()),
      schedule_timer_(deps_.loop.timers()),
      alarm_timer_(deps_.loop.timers()),
      pause_timer_(deps_.loop.timers()),
      limit_timer_(deps_.loop.timers()) {}

Queue::~Queue() = default;

void Queue::add(spool::Envelope envelope) {
  Message& message = insert(std::move(envelope));
  ledger_.accepted += message.unsettled;
  ledger_.queued += message.unsettled;
  message.expires_at = to_instant(message.envelope()->expires_at);
  take_schedule(message);
  set_alarm(message);
  if (!message.envelope()->held_because.empty()) return hold_back(message);
  std::vector<Item> items = set_out(message);
  // Neighbours go together.
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.domain() < b.domain(); });
  find_sites(items);
}

// Those that go now; the others wait for their time.
std::vector<Item> Queue::set_out(Message& message) {
  std::vector<Item> items;
  const uint32_t count = message.unsettled;
  for (uint32_t i = 0; i < count; ++i) {
    Item item{&message, i};
    if (item.state().awaits_schedule)
      rest(item);
    else
      items.push_back(item);
  }
  return items;
}

// Nothing is to be written down: the envelope says that it is held.
void Queue::hold_back(Message& message) {
  const auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count; ++i) {
    Item item{&message, i};
    item.state().held = true;
    item.state().due = deps_.loop.now();
    deps_.events.emit(event_about(item, EventKind::held));
    rest(item);
  }
}

void Queue::restore(spool::StoredMessage stored) {
  Message& message = insert(std::move(stored.envelope));
  const auto kept = message.envelope();
  const spool::Envelope& envelope = *kept;
  if (!envelope.held_because.empty())
    for (RecipientState& state : message.recipients) state.held = true;
  take_schedule(message);
  for (const auto& [index, progress] : stored.progress)
    if (index < message.recipients.size()) restore_recipient({&message, index}, progress);
  // The process died between settling the last recipient and removing the message.
  if (message.unsettled == 0) {
    Record record{kept, true, {}, {}};
    forget(message);
    attempts_.start(write_logged(std::move(record)));
    return;
  }
  ledger_.restored += message.unsettled;
  ledger_.queued += message.unsettled;
  message.scheduled_at = latest_schedule(message);
  message.expires_at = restored_expiry(message);
  // What waited only because we were away gets its attempt before anybody hears of a delay.
  message.restored = true;
  restored_told_from_ = deps_.loop.now() + restored_lives_min;
  set_alarm(message);
  auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count; ++i)
    if (message.recipients[i].place != Place::settled) rest({&message, i});
}

void Queue::restore_recipient(Item item, const spool::RecipientProgress& progress) {
  RecipientState& state = item.state();
  state.attempts = progress.attempts;
  state.last_reply = progress.last_reply;
  state.last_host = progress.last_host;
  state.held = progress.held;
  state.delay_notified = progress.delay_notified;
  restore_schedule(item, progress);
  // No wait is longer than the longest one, whatever the wall clock says.
  Duration longest = settings_.retry.longest + settings_.retry.longest / 2;
  state.due = std::min(to_instant(progress.next_attempt_at), deps_.loop.now() + longest);
  if (!progress.last_reply.empty()) {
    events::Outcome outcome;
    outcome.reason = progress.last_reply;
    outcome.peer.host = progress.last_host;
    outcome.phase = events::Phase::rcpt;
    state.last_class = judge_.judge(outcome, "", item.domain()).reply_class;
  }
  if (!progress.settled) return;
  put(item, Place::settled);
  --item.message->unsettled;
}

Message& Queue::insert(spool::Envelope envelope) {
  ++whole_messages_;
  unrouted_[size_t(Place::resolving)] += envelope.recipients.size();
  return messages_.insert(std::make_unique<Message>(std::move(envelope)));
}

// ---- leaving

void Queue::take_out(Item item) {
  RecipientState& state = item.state();
  switch (state.place) {
    case Place::resolving:
      resolving_[item.domain()].erase(state.order);
      break;
    case Place::ready:
      state.site->ready.remove(item);
      break;
    case Place::deferred:
      due_.erase(item);
      break;
    case Place::scheduled:
      scheduled_.erase(item);
      break;
    case Place::paused:
      paused_.erase(state.order);
      break;
    case Place::sending:
    case Place::held:
    case Place::settled:
      break;
  }
  put(item, Place::sending);
}

void Queue::put(Item item, Place place) {
  RecipientState& state = item.state();
  auto& places = state.site ? state.site->places : unrouted_;
  --places[size_t(state.place)];
  ++places[size_t(place)];
  state.place = place;
}

void Queue::enter_site(Item item, Site& site) {
  RecipientState& state = item.state();
  if (state.site == &site) return;
  leave_site(item);
  state.site = &site;
  ++site.recipients;
  --unrouted_[size_t(state.place)];
  ++site.places[size_t(state.place)];
}

void Queue::leave_site(Item item) {
  Site* site = std::exchange(item.state().site, nullptr);
  if (!site) return;
  --site->places[size_t(item.state().place)];
  ++unrouted_[size_t(item.state().place)];
  if (--site->recipients == 0) rest_or_forget(*site);
}

void Queue::mark_settled(Item item, EventKind kind) {
  CHECK(item.state().place == Place::sending);
  put(item, Place::settled);
  --item.message->unsettled;
  --ledger_.queued;
  leave_site(item);
  switch (kind) {
    case EventKind::delivered:
      ++ledger_.delivered;
      break;
    case EventKind::expired:
      ++ledger_.expired;
      break;
    case EventKind::cancelled:
      ++ledger_.cancelled;
      break;
    case EventKind::suppressed:
      ++ledger_.suppressed;
      break;
    default:
      ++ledger_.bounced;
      break;
  }
}

void Queue::forget(Message& message) {
  if (message.whole) --whole_messages_;
  if (message.runs_out) running_out_.erase(message.id);
  messages_.erase(message);
}

// ---- waiting

void Queue::pack(Message& message) {
  bool was_whole = message.whole != nullptr;
  message.pack();
  if (was_whole && !message.whole) --whole_messages_;
}

void Queue::unpack(Message& message) {
  if (!message.whole) ++whole_messages_;
  message.unpack();
}

void Queue::rest(Item item) {
  pack(*item.message);
  RecipientState& state = item.state();
  // What is too old is not held, or nobody would ever give it up.
  if (state.held && item.message->expires_at > deps_.loop.now())
    put(item, Place::held);
  else if (state.awaits_schedule)
    wait_for_schedule(item);
  else
    wait_until_due(item);
}

void Queue::wait_until_due(Item item) {
  RecipientState& state = item.state();
  put(item, Place::deferred);
  state.order = ++next_order_;
  due_.insert(item);
  if (state.site &&
      (state.site->first_due.due <= deps_.loop.now() || state.due < state.site->first_due.due))
    state.site->first_due = {item.message->id, item.recipient, state.due};
  if (due_.begin()->state().order == state.order)
    due_timer_.start(state.due, [this] { wake_due(); });
}

void Queue::wake_due() {
  if (stopping_) return;
  Instant now = deps_.loop.now();
  std::vector<Item> live;
  // The rest has its turn at once, but others have theirs in between.
  while (!due_.empty() && due_.begin()->state().due <= now && live.size() < woken_at_once_max) {
    Item item = *due_.begin();
    if (item.message->expires_at <= now) {
      expire(*item.message);
      continue;
    }
    take_out(item);
    live.push_back(item);
  }
  if (!due_.empty()) due_timer_.start(due_.begin()->state().due, [this] { wake_due(); });
  find_sites(live);
}

io::Task<bool> Queue::stop(Instant deadline) {
  stopping_ = true;
  co_return co_await attempts_.join_until(deps_.loop, deadline);
}

void Queue::reconfigure(Settings settings) {
  settings_ = std::move(settings);
  std::vector<Item> ready;
  for (auto& [name, site] : sites_) {
    for (Item item : site->ready.all()) ready.push_back(item);
    give_limits(*site, settings_.sites.limits_of(site->rule, site->name));
    site->reset_lanes();
  }
  // A new rule may name another site for them.
  find_sites(ready);
}

std::shared_ptr<const spool::Envelope> Queue::envelope(MessageId id) const {
  const Message* found = messages_.find(id);
  return found ? found->envelope() : nullptr;
}

Instant Queue::to_instant(WallTime time) const {
  // A stored time may be anything, and what we reckon with ends in 292 years.
  constexpr WallTime::duration far = std::chrono::years(100);
  const Duration ahead = std::clamp(time - deps_.loop.wall_now(), -far, far);
  return deps_.loop.now() + ahead;
}

WallTime Queue::to_wall(Instant time) const {
  return deps_.loop.wall_now() +
         std::chrono::duration_cast<std::chrono::microseconds>(time - deps_.loop.now());
}

}  // namespace waypost::queue
