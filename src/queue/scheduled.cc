#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "queue/queue.h"

// What waits for a time that somebody asked for. That is a time of the wall clock, which may be set
// while we wait: so it is read again and again, and nothing is reckoned ahead from it but the end
// of a message's life and the notice of its delay. For this, everything counts as if the message
// had come at that time.
namespace waypost::queue {
namespace {

// However the wall clock is set, nobody learns of it later than this.
constexpr Duration wall_clock_read_every = std::chrono::minutes(1);

// A stored time to live may be anything.
constexpr Duration lifetime_min = std::chrono::seconds(1);

}  // namespace

// The envelope's time, for all recipients.
void Queue::take_schedule(Message& message) {
  message.scheduled_at = message.envelope()->not_before;
  if (message.scheduled_at == WallTime()) return;
  const bool is_ahead = message.scheduled_at > deps_.loop.wall_now();
  for (RecipientState& state : message.recipients) {
    state.scheduled_at = message.scheduled_at;
    state.awaits_schedule = is_ahead;
  }
}

// What a recipient's progress says of it.
void Queue::restore_schedule(Item item, const spool::RecipientProgress& progress) {
  RecipientState& state = item.state();
  state.rescheduled = progress.scheduled_at != WallTime();
  if (state.rescheduled) state.scheduled_at = progress.scheduled_at;
  state.awaits_schedule = !progress.settled && state.scheduled_at > deps_.loop.wall_now() &&
                          progress.next_attempt_at == state.scheduled_at;
}

void Queue::wait_for_schedule(Item item) {
  RecipientState& state = item.state();
  if (state.scheduled_at <= deps_.loop.wall_now()) {
    // Its time came while it was held.
    state.awaits_schedule = false;
    state.due = deps_.loop.now();
    return wait_until_due(item);
  }
  put(item, Place::scheduled);
  state.order = ++next_order_;
  state.due = deps_.loop.now() + schedule_ahead_max;
  scheduled_.insert(item);
  if (scheduled_.begin()->state().order == state.order) watch_schedule();
}

void Queue::watch_schedule() {
  if (scheduled_.empty()) return;
  const Instant now = deps_.loop.now();
  const Instant at = to_instant(scheduled_.begin()->state().scheduled_at);
  schedule_timer_.start(std::clamp(at, now, now + wall_clock_read_every),
                        [this] { wake_scheduled(); });
}

void Queue::wake_scheduled() {
  if (stopping_) return;
  const Instant now = deps_.loop.now();
  const WallTime wall_now = deps_.loop.wall_now();
  std::vector<Item> live;
  while (!scheduled_.empty() && live.size() < woken_at_once_max) {
    Item item = *scheduled_.begin();
    RecipientState& state = item.state();
    // A clock that was set back by years does not hold mail for years.
    if (state.scheduled_at > wall_now && state.due > now) break;
    take_out(item);
    state.awaits_schedule = false;
    state.due = now;
    // Its life begins now, whatever the clock did while it waited.
    const Instant lives_until = now + lifetime_of(*item.message);
    if (item.message->expires_at < lives_until) move_expiry(*item.message, lives_until);
    live.push_back(item);
  }
  watch_schedule();
  find_sites(live);
}

// Where it counts for something else than that time itself.
Instant Queue::instant_of(WallTime schedule) const {
  return std::min(to_instant(schedule), deps_.loop.now() + schedule_ahead_max);
}

Duration Queue::lifetime_of(const Message& message) const {
  return std::max(Duration(message.envelope()->lifetime()), lifetime_min);
}

WallTime Queue::expires_at(const Message& message, const spool::Envelope& envelope) const {
  return std::max(envelope.accepted_at, message.scheduled_at) + envelope.lifetime();
}

// The wall clock may have been set while we were away: nothing lives for longer than it was given,
// and nothing dies without another attempt, but what is worth nothing by then.
Instant Queue::restored_expiry(const Message& message) const {
  const Instant now = deps_.loop.now();
  const Duration lives = lifetime_of(message);
  const Duration lives_min = message.has_deadline ? Duration::zero() : restored_lives_min;
  const Instant from = std::max(now, instant_of(message.scheduled_at));
  return std::clamp(to_instant(expires_at(message, *message.envelope())), now + lives_min,
                    std::max(from + lives, now + lives_min));
}

// Whose time is over by our reckoning, while a recipient waits for what somebody asked for: the
// wall clock was set back. It gets its life anew; false: it is none of these.
bool Queue::outlives_schedule(Message& message) {
  const WallTime now = deps_.loop.wall_now();
  const bool awaits = std::any_of(
      message.recipients.begin(), message.recipients.end(), [&](const RecipientState& state) {
        return state.awaits_schedule && state.scheduled_at > now && state.place != Place::settled;
      });
  if (!awaits) return false;
  const Instant from = std::max(instant_of(message.scheduled_at), deps_.loop.now());
  move_expiry(message, from + lifetime_of(message));
  return true;
}

// Those at their sites stand there in the order of deadlines.
void Queue::move_expiry(Message& message, Instant at) {
  std::vector<Item> ready;
  const auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count && message.has_deadline; ++i)
    if (message.recipients[i].place == Place::ready) ready.push_back({&message, i});
  for (Item item : ready) item.state().site->ready.remove(item);
  message.expires_at = at;
  for (Item item : ready) item.state().site->ready.add(item);
  if (message.runs_out && runs_out_at(message) > deps_.loop.now()) {
    message.runs_out = false;
    running_out_.erase(message.id);
  }
  set_alarm(message);
}

// A person wants it at another time, or now. Written down like any command, though what goes later
// is moved at once: a crash in between keeps the time that they were told before.
void Queue::reschedule(Item item, WallTime at, std::vector<Decision>& decisions, Doing& doing) {
  RecipientState& state = item.state();
  const WallTime now = deps_.loop.wall_now();
  const bool is_ahead = at > now;
  take_out(item);
  state.scheduled_at = std::max(at, now);
  state.rescheduled = true;
  state.awaits_schedule = is_ahead;
  state.due = deps_.loop.now();
  Decision decision{item, event_about(item, events::EventKind::rescheduled), false, std::nullopt};
  decision.event.reply = doing.command.reason;
  decision.event.scheduled_at = state.scheduled_at;
  decisions.push_back(std::move(decision));
  doing.rescheduled.push_back(item);
}

void Queue::go_by_schedule(Message& message, Doing& doing) {
  if (doing.rescheduled.empty()) return;
  message.scheduled_at = latest_schedule(message);
  const Instant now = deps_.loop.now();
  const Instant from = std::max(std::min(to_instant(message.envelope()->accepted_at), now),
                                instant_of(message.scheduled_at));
  move_expiry(message, from + lifetime_of(message));
  for (Item item : std::exchange(doing.rescheduled, {})) {
    if (item.state().held || item.state().awaits_schedule)
      rest(item);
    else
      doing.go.push_back(item);
  }
}

WallTime Queue::latest_schedule(const Message& message) {
  WallTime latest;
  for (const RecipientState& state : message.recipients)
    latest = std::max(latest, state.scheduled_at);
  return latest;
}

// What senders are told of names the time at which it is given up.
std::shared_ptr<const spool::Envelope> Queue::envelope_told_of(const Message& message) const {
  auto envelope = message.envelope();
  const WallTime end = expires_at(message, *envelope);
  if (end == envelope->expires_at) return envelope;
  auto moved = std::make_shared<spool::Envelope>(*envelope);
  moved->expires_at = end;
  return moved;
}

}  // namespace waypost::queue
