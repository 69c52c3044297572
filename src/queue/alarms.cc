#include <algorithm>
#include <utility>

#include "queue/queue.h"

// What comes with a message's age: the sender learns that it takes long, and in the end it is given
// up, wherever it waits.
namespace waypost::queue {
namespace {

using events::EventKind;

// After the notice of a delay could not be stored.
constexpr Duration delay_notice_again_after = std::chrono::minutes(15);

}  // namespace

void Queue::set_alarm(Message& message, Instant not_before) {
  Instant now = deps_.loop.now();
  Duration after = settings_.delay_notice_after;
  Instant at = message.expires_at;
  if (after > Duration::zero() && !message.delay_told) {
    // Not later than that from now, whatever the wall clock says.
    Instant told_at = std::min(to_instant(message.envelope->accepted_at), now) + after;
    at = std::min(at, std::max(told_at, not_before));
  }
  alarms_.erase({message.alarm_at, message.envelope->id});
  message.alarm_at = at;
  alarms_.insert({at, message.envelope->id});
  if (alarms_.begin()->second == message.envelope->id)
    alarm_timer_.start(at, [this] { ring_alarms(); });
}

// The settings may have changed since the alarm was set.
bool Queue::delay_is_due(const Message& message, Instant now) const {
  Duration after = settings_.delay_notice_after;
  if (after == Duration::zero() || message.delay_told) return false;
  return std::min(to_instant(message.envelope->accepted_at), now) + after <= now;
}

void Queue::ring_alarms() {
  // Nothing can be told or written down any more; the next start does it.
  if (stopping_ || !deps_.spool.healthy()) return;
  Instant now = deps_.loop.now();
  while (!alarms_.empty() && alarms_.begin()->first <= now) {
    Message& message = *messages_.at(alarms_.begin()->second);
    alarms_.erase(alarms_.begin());
    if (message.expires_at <= now) {
      expire(message);
      continue;
    }
    bool tells = delay_is_due(message, now);
    message.delay_told |= tells;
    set_alarm(message);
    if (tells) do_soon([this, id = message.envelope->id] { return tell_delay(id); });
  }
  if (!alarms_.empty()) alarm_timer_.start(alarms_.begin()->first, [this] { ring_alarms(); });
}

// What is being sent gives itself up when it comes back.
void Queue::expire(Message& message) {
  std::vector<Ending> endings(1);
  auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count; ++i) {
    Item item{&message, i};
    Place place = item.state().place;
    bool waits = place == Place::ready || place == Place::deferred || place == Place::held ||
                 place == Place::paused;
    if (!waits) continue;
    take_out(item);
    if (endings.back().items.size() == noticed_recipients_max) endings.emplace_back();
    endings.back().items.push_back(item);
  }
  // The message may be gone as soon as the last of them is under way.
  for (Ending& ending : endings)
    if (!ending.items.empty()) end_soon(std::move(ending));
}

Queue::Decision Queue::expired(Item item) const {
  Decision decision{item, event_about(item, EventKind::expired), true, std::nullopt};
  decision.event.peer.host = item.state().last_host;
  if (item.state().attempts > 0)
    decision.event.cause.reply_class = classify::slug(item.state().last_class);
  if (wants_notice(*item.message->envelope, item.recipient, NoticeKind::failed))
    decision.notice = NoticeKind::failed;
  return decision;
}

// As many recipients at a time as one notice may have, until all know.
io::Task<void> Queue::tell_delay(MessageId id) {
  while (true) {
    auto found = messages_.find(id);
    if (found == messages_.end()) co_return;
    Notice notice = delay_notice(*found->second);
    if (notice.recipients.empty()) co_return;
    std::vector<uint32_t> recipients;
    for (const NoticedRecipient& noticed : notice.recipients)
      recipients.push_back(noticed.recipient);
    Result<void> told = co_await deps_.notifier.notify(std::move(notice));
    // The message may be gone by now.
    found = messages_.find(id);
    if (found == messages_.end()) co_return;
    if (!told && told.error().code() != ErrorCode::invalid_input)
      co_return tell_delay_later(*found->second, recipients);
    Record record{found->second->envelope, false, {}, {}};
    for (uint32_t recipient : recipients) {
      Item item{found->second.get(), recipient};
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
  notice.envelope = message.envelope;
  auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count && notice.recipients.size() < noticed_recipients_max; ++i) {
    RecipientState& state = message.recipients[i];
    bool tell = state.place != Place::settled && !state.delay_notified && !state.delay_being_told &&
                wants_notice(*message.envelope, i, NoticeKind::delayed);
    if (!tell) continue;
    events::Cause cause;
    if (state.attempts > 0) cause.reply_class = classify::slug(state.last_class);
    notice.recipients.push_back(
        {i, state.last_reply, state.last_host, std::move(cause), false, 0, deps_.loop.wall_now()});
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
