#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "queue/queue.h"

// What comes with a message's age: the sender learns that it takes long, the operator that a
// deadline comes near, and in the end it is given up, wherever it waits.
namespace waypost::queue {
namespace {

using events::EventKind;

// After the notice of a delay could not be stored.
constexpr Duration delay_notice_again_after = std::chrono::minutes(15);

}  // namespace

void Queue::set_alarm(Message& message, Instant not_before) {
  Instant now = deps_.loop.now();
  Instant at = message.expires_at;
  if (tells_delay(message)) at = std::min(at, std::max(delay_told_at(message, now), not_before));
  if (message.has_deadline && !message.runs_out) at = std::min(at, runs_out_at(message));
  messages_.set_alarm(message, at);
  if (messages_.first_alarm() == &message) alarm_timer_.start(at, [this] { ring_alarms(); });
}

// Half of its time before the deadline: late enough that most mail is gone by then, and early
// enough that somebody can still do something.
Instant Queue::runs_out_at(const Message& message) const {
  return message.expires_at - lifetime_of(message) / 2;
}

bool Queue::tells_delay(const Message& message) const {
  return settings_.delay_notice_after > Duration::zero() && !message.delay_told;
}

// Not later than that from now, whatever the wall clock says, or from the time that somebody asked
// for: the latest one where recipients have several.
Instant Queue::delay_told_at(const Message& message, Instant now) const {
  Instant from = std::min(to_instant(message.envelope()->accepted_at), now);
  if (message.scheduled_at != WallTime()) from = std::max(from, instant_of(message.scheduled_at));
  Instant at = from + settings_.delay_notice_after;
  return message.restored ? std::max(at, restored_told_from_) : at;
}

void Queue::ring_alarms() {
  // Nothing can be told or written down any more; the next start does it.
  if (stopping_ || !deps_.spool.healthy()) return;
  Instant now = deps_.loop.now();
  Message* next = messages_.first_alarm();
  size_t recipients = 0;
  for (; next && next->alarm_at <= now && recipients < woken_at_once_max;
       next = messages_.first_alarm()) {
    Message& message = *next;
    recipients += message.recipients.size();
    messages_.clear_alarm(message);
    if (message.expires_at <= now)
      expire(message);
    else
      ring(message, now);
  }
  if (next) alarm_timer_.start(next->alarm_at, [this] { ring_alarms(); });
}

void Queue::ring(Message& message, Instant now) {
  if (message.has_deadline && !message.runs_out && runs_out_at(message) <= now)
    warn_of_deadline(message);
  // The settings may have changed since the alarm was set.
  bool tells = tells_delay(message) && delay_told_at(message, now) <= now;
  message.delay_told |= tells;
  set_alarm(message);
  if (tells) do_soon([this, id = message.id] { return tell_delay(id); });
}

// Not written down: after a restart it is told again.
void Queue::warn_of_deadline(Message& message) {
  message.runs_out = true;
  running_out_.insert(message.id);
  const std::string left = base::to_human(message.expires_at - deps_.loop.now());
  for (const Standing& standing : standings(message.id)) {
    events::Event event;
    event.kind = EventKind::expiring;
    event.at = deps_.loop.wall_now();
    event.message = standing.id;
    event.tenant = standing.tenant;
    event.stream = standing.stream;
    event.sender = standing.sender;
    event.inbound = message.envelope()->inbound;
    event.recipients = {standing.recipient};
    event.attempt = standing.attempts;
    event.site = standing.site;
    event.peer.host = standing.last_host;
    event.reply = fmt::format("{} are left; {}: {}", left, name(standing.hold), standing.reason);
    if (standing.next_attempt_at != WallTime()) event.next_attempt_at = standing.next_attempt_at;
    event.since_accepted = event.at - standing.accepted_at;
    deps_.events.emit(std::move(event));
  }
}

// What is being sent gives itself up when it comes back.
void Queue::expire(Message& message) {
  if (outlives_schedule(message)) return;
  std::vector<Ending> endings(1);
  auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count; ++i) {
    Item item{&message, i};
    Place place = item.state().place;
    bool waits = place == Place::ready || place == Place::deferred || place == Place::held ||
                 place == Place::paused;
    if (!waits) continue;
    note_what_held(item);
    take_out(item);
    if (endings.back().items.size() == noticed_recipients_max) endings.emplace_back();
    endings.back().items.push_back(item);
  }
  // The message may be gone as soon as the last of them is under way.
  for (Ending& ending : endings)
    if (!ending.items.empty()) end_soon(std::move(ending));
}

// Of one that was never tried: why not, so that its end has a reason.
void Queue::note_what_held(Item item) const {
  RecipientState& state = item.state();
  if (!last_word_on(item).empty()) return;
  const bool is_ours = state.place == Place::held || state.place == Place::paused;
  if (!is_ours && state.site && state.site->health.troubles() > 0) {
    const SiteTrouble& trouble = state.site->health.last_trouble();
    state.last_reply = "never tried: " + trouble_of(*state.site);
    state.last_host = trouble.host;
    state.last_class = trouble.reply_class;
  } else if (state.place == Place::resolving) {
    state.last_reply = "never tried: its time was over when it was known where the mail goes";
  } else {
    const std::string reason = standing_of(item).reason;
    state.last_reply =
        "never tried: " + (reason.empty() ? "its time was over before its turn came" : reason);
  }
}

Queue::Decision Queue::expired(Item item) const {
  Decision decision{item, event_about(item, EventKind::expired), true, std::nullopt};
  decision.event.peer.host = item.state().last_host;
  decision.event.cause.reply_class = classify::slug(item.state().last_class);
  if (wants_notice(*item.message->envelope(), item.recipient, NoticeKind::failed))
    decision.notice = NoticeKind::failed;
  return decision;
}

// As many recipients at a time as one notice may have, until all know.
io::Task<void> Queue::tell_delay(MessageId id) {
  while (true) {
    Message* message = messages_.find(id);
    if (!message) co_return;
    Notice notice = delay_notice(*message);
    if (notice.recipients.empty()) co_return;
    std::vector<uint32_t> recipients;
    for (const NoticedRecipient& noticed : notice.recipients)
      recipients.push_back(noticed.recipient);
    Result<void> told = co_await deps_.notifier.notify(std::move(notice));
    // The message may be gone by now.
    message = messages_.find(id);
    if (!message) co_return;
    if (!told && told.error().code() != ErrorCode::invalid_input)
      co_return tell_delay_later(*message, recipients);
    Record record{message->envelope(), false, {}, {}};
    for (uint32_t recipient : recipients) {
      Item item{message, recipient};
      item.state().delay_being_told = false;
      item.state().delay_notified = true;
      if (item.state().place != Place::settled)
        record.changes.push_back({recipient, progress_of(item)});
    }
    if (!record.changes.empty()) co_await write_logged(std::move(record));
  }
}

// Those who are in it count as told once the notice is stored, and are in no other until then.
Notice Queue::delay_notice(Message& message) const {
  Notice notice;
  notice.kind = NoticeKind::delayed;
  notice.envelope = envelope_told_of(message);
  auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count && notice.recipients.size() < noticed_recipients_max; ++i) {
    RecipientState& state = message.recipients[i];
    bool tell = state.place != Place::settled && !state.awaits_schedule && !state.delay_notified &&
                !state.delay_being_told &&
                wants_notice(*message.envelope(), i, NoticeKind::delayed);
    if (!tell) continue;
    events::Cause cause;
    if (state.attempts > 0) cause.reply_class = classify::slug(state.last_class);
    notice.recipients.push_back({i, last_word_on({&message, i}), state.last_host, std::move(cause),
                                 false, 0, deps_.loop.wall_now()});
    state.delay_being_told = true;
  }
  return notice;
}

void Queue::tell_delay_later(Message& message, const std::vector<uint32_t>& recipients) {
  for (uint32_t recipient : recipients) message.recipients[recipient].delay_being_told = false;
  message.delay_told = false;
  set_alarm(message, deps_.loop.now() + delay_notice_again_after);
}

}  // namespace waypost::queue
