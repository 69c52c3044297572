#include "api/mail_json.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <boost/json.hpp>

#include "api/queue_json.h"
#include "base/utf8.h"
#include "events/direction.h"
#include "explain/answer.h"
#include "explain/reply_json.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using events::Event;
using events::EventKind;
using queue::Hold;

// An end that is not in the records. They lag behind the queue by a moment, which an end in the
// moment of a crash does not get.
constexpr std::string_view unknown_end = "unknown";
constexpr std::string_view unknown_end_reason =
    "It waits no more. How it ended is not known: the relay stopped, in a crash, a power cut or "
    "with a full disk, before that was written down.";

// What is least settled comes first.
constexpr std::array<std::string_view, 12> by_weight{
    "deferred", "throttled", "queued",   "scheduled",  "held",      unknown_end,
    "bounced",  "expired",   "rejected", "suppressed", "cancelled", "delivered"};

std::string_view status_of(const queue::Standing& standing) {
  switch (standing.hold) {
    case Hold::slot:
    case Hold::rate:
    case Hold::quota:
    case Hold::site_shut:
      return "throttled";
    case Hold::held:
    case Hold::paused:
      return "held";
    case Hold::deferred:
      return "deferred";
    case Hold::scheduled:
      return "scheduled";
    default:
      return "queued";
  }
}

bool settles(EventKind kind) {
  return kind == EventKind::delivered || kind == EventKind::bounced || kind == EventKind::expired ||
         kind == EventKind::suppressed || kind == EventKind::cancelled;
}

// What comes back changes no state, but for a bounce.
bool is_told_later(EventKind kind) {
  return kind == EventKind::late_delayed || kind == EventKind::complained ||
         kind == EventKind::unsubscribed || kind == EventKind::auto_replied;
}

std::string_view status_of(EventKind kind) {
  if (kind == EventKind::accepted || kind == EventKind::released ||
      kind == EventKind::rescheduled || kind == EventKind::expiring)
    return "queued";
  return events::name(kind);
}

// By the reply, but for what was known from elsewhere: from the fields of a report, or by what the
// mail waited for.
json::object diagnosis_of(const Event& last, classify::Reader& replies) {
  classify::Reading reading = replies.read({last.reply, last.peer.host, last.phase, {}, {}});
  const bool is_from_elsewhere =
      last.kind == EventKind::late_bounced || last.kind == EventKind::expired;
  const auto known = classify::parse_reply_class(last.cause.reply_class);
  if (is_from_elsewhere && known && *known != reading.reply_class) {
    classify::Decision decision;
    decision.reply_class = *known;
    decision.rule = replies.book().rule(last.cause.rule);
    decision.provider = reading.provider;
    decision.disposition = reading.disposition;
    static_cast<classify::Decision&>(reading) = std::move(decision);
    reading.evidence_text = {};
  }
  const explain::Answer answer = explain::answer(reading, replies.book());
  json::object object = explain::to_json(answer);
  object["actor"] = answer.actor;
  return object;
}

void add_attempt(json::object& object, const Event& last, classify::Reader* replies) {
  object["at"] = base::to_rfc3339(last.at);
  if (last.attempt > 0) object["attempts"] = last.attempt;
  if (!last.site.empty()) object["site"] = base::to_valid_utf8(last.site);
  if (!last.peer.host.empty()) object["host"] = base::to_valid_utf8(last.peer.host);
  if (last.reply.empty()) return;
  // Of one that was never tried nobody said anything: it is our own word why.
  const bool was_tried = last.kind != EventKind::expired || last.attempt > 0;
  const bool is_reply = was_tried && last.kind != EventKind::cancelled;
  object[is_reply ? "last_reply" : "reason"] = base::to_valid_utf8(last.reply);
  if (!was_tried && last.cause.reply_class == "unknown") return;
  const bool is_refusal = last.kind == EventKind::deferred || last.kind == EventKind::bounced ||
                          last.kind == EventKind::late_bounced || last.kind == EventKind::expired;
  if (!replies || !is_refusal) return;
  object["diagnosis"] = diagnosis_of(last, *replies);
}

// What people and clocks did in between says nothing of what a server said, or why it ended.
bool tells_of_delivery(EventKind kind) {
  return kind != EventKind::accepted && kind != EventKind::expiring && kind != EventKind::held &&
         kind != EventKind::released && kind != EventKind::rescheduled;
}

// What an event tells of one of its recipients.
void take(RecipientState& state, const Event& event) {
  if (event.kind == EventKind::complained) state.has_complained = true;
  if (event.kind == EventKind::late_bounced) {
    // What still waits does so, whatever came back.
    const bool was_taken = state.status == events::name(EventKind::delivered) ||
                           (state.status == events::name(EventKind::bounced) && !state.last);
    if (!was_taken) return;
    state.status = events::name(EventKind::bounced);
    state.is_late = true;
    state.last = &event;
    return;
  }
  if (is_told_later(event.kind)) return;
  // What is told of one that was settled is another fact, but for how.
  if (state.is_settled && (state.last || !settles(event.kind))) return;
  state.is_settled = settles(event.kind);
  state.status = status_of(event.kind);
  if (tells_of_delivery(event.kind)) state.last = &event;
}

json::object to_json(const RecipientState& state, classify::Reader* replies) {
  json::object object{{"to", base::to_valid_utf8(state.address)}, {"status", state.status}};
  if (state.is_late) object["late"] = true;
  if (state.has_complained) object["complained"] = true;
  if (state.last) add_attempt(object, *state.last, replies);
  if (state.status == unknown_end) object["reason"] = unknown_end_reason;
  if (!state.standing) return object;
  add_hold(object, *state.standing);
  object["attempts"] = state.standing->attempts;
  object["expires_at"] = base::to_rfc3339(state.standing->expires_at);
  if (state.standing->scheduled_at != WallTime())
    object["scheduled_at"] = base::to_rfc3339(state.standing->scheduled_at);
  return object;
}

bool has_lost_its_end(const RecipientState& state, WallTime run_began) {
  return !state.standing && !state.is_settled && !state.is_late &&
         state.status != events::name(EventKind::rejected) && state.told_at < run_began;
}

// As they were given.
json::array tags_json(const std::vector<std::string>& tags) {
  json::array list;
  for (const std::string& tag : tags) {
    const size_t sign = std::min(tag.find('='), tag.size());
    list.push_back(
        json::object{{"name", base::to_valid_utf8(tag.substr(0, sign))},
                     {"value", base::to_valid_utf8(tag.substr(std::min(sign + 1, tag.size())))}});
  }
  return list;
}

// The first time that one of them waits for.
std::optional<WallTime> next_schedule(const std::vector<RecipientState>& states) {
  std::optional<WallTime> first;
  for (const RecipientState& state : states) {
    if (!state.standing || state.standing->scheduled_at == WallTime()) continue;
    first = std::min(first.value_or(WallTime::max()), state.standing->scheduled_at);
  }
  return first;
}

}  // namespace

std::vector<RecipientState> recipient_states(const std::vector<Event>& events,
                                             const std::vector<records::FoundRecipient>& recorded,
                                             const std::vector<queue::Standing>& waiting,
                                             WallTime run_began) {
  std::vector<RecipientState> states;
  std::unordered_map<std::string, size_t> places;
  const auto state_of = [&](const std::string& address) -> RecipientState& {
    auto [place, is_new] = places.try_emplace(address, states.size());
    if (is_new) states.push_back({address});
    return states[place->second];
  };
  for (const records::FoundRecipient& recipient : recorded) {
    RecipientState& state = state_of(recipient.address);
    const Result<EventKind> end = events::parse_event_kind(recipient.state);
    if (!end || !settles(*end)) continue;
    state.status = events::name(*end);
    state.is_settled = true;
  }
  for (const Event& event : events)
    for (const std::string& address : event.recipients) {
      RecipientState& state = state_of(address);
      take(state, event);
      state.told_at = std::max(state.told_at, event.at);
    }
  for (const queue::Standing& standing : waiting) {
    RecipientState& state = state_of(standing.recipient);
    // The queue knows first that it was settled, so what it says waits may be older than an event.
    if (state.is_settled) continue;
    state.standing = &standing;
    state.status = status_of(standing);
  }
  for (RecipientState& state : states)
    if (has_lost_its_end(state, run_began)) state.status = unknown_end;
  return states;
}

bool has_unknown(const std::vector<RecipientState>& recipients) {
  return std::any_of(recipients.begin(), recipients.end(),
                     [](const RecipientState& state) { return state.status == unknown_end; });
}

std::string_view status_of(const std::vector<RecipientState>& recipients) {
  for (std::string_view status : by_weight)
    if (std::any_of(recipients.begin(), recipients.end(),
                    [&](const RecipientState& state) { return state.status == status; }))
      return status;
  return "queued";
}

json::object email_json(const std::vector<Event>& events,
                        const std::vector<records::FoundRecipient>& recorded,
                        const std::vector<queue::Standing>& waiting, classify::Reader* replies,
                        WallTime run_began) {
  const std::vector<RecipientState> states = recipient_states(events, recorded, waiting, run_began);
  json::object object{{"object", "email"}, {"status", status_of(states)}};
  if (!events.empty()) {
    const Event& first = events.front();
    if (first.message) object["id"] = first.message->text();
    object["direction"] = name(direction_of(first));
    if (first.about) object["about"] = first.about->text();
    object["from"] = base::to_valid_utf8(first.sender);
    object["created_at"] = base::to_rfc3339(first.at);
    object["size"] = first.size_octets;
    object["message_id"] = base::to_valid_utf8(first.message_id);
    object["tenant"] = first.tenant;
    object["stream"] = first.stream;
    object["key"] = first.login;
    if (!first.subject.empty()) object["subject"] = base::to_valid_utf8(first.subject);
    object["tags"] = tags_json(first.tags);
    object["metadata"] = json::value_from(first.metadata);
  }
  if (const std::optional<WallTime> first = next_schedule(states))
    object["scheduled_at"] = base::to_rfc3339(*first);
  if (std::any_of(states.begin(), states.end(),
                  [](const RecipientState& state) { return state.has_complained; }))
    object["complained"] = true;
  json::array recipients;
  for (const RecipientState& state : states) recipients.push_back(to_json(state, replies));
  object["recipients"] = std::move(recipients);
  return object;
}

json::value event_json(const Event& event) {
  json::error_code error;
  json::value value = json::parse(base::to_valid_utf8(events::to_json_line(event)), error);
  return error ? json::value() : value;
}

}  // namespace waypost::api
