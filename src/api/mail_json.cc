#include "api/mail_json.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <boost/json.hpp>

#include "api/queue_json.h"
#include "base/utf8.h"
#include "explain/answer.h"
#include "explain/reply_json.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using events::Event;
using events::EventKind;
using queue::Hold;

// What is least settled comes first.
constexpr std::array<std::string_view, 10> by_weight{
    "deferred", "throttled", "queued",     "held",      "bounced",
    "expired",  "rejected",  "suppressed", "cancelled", "delivered"};

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
    default:
      return "queued";
  }
}

bool settles(EventKind kind) {
  return kind == EventKind::delivered || kind == EventKind::bounced || kind == EventKind::expired ||
         kind == EventKind::suppressed || kind == EventKind::cancelled;
}

std::string_view status_of(EventKind kind) {
  if (kind == EventKind::accepted || kind == EventKind::released || kind == EventKind::expiring)
    return "queued";
  return events::name(kind);
}

void add_attempt(json::object& object, const Event& last, classify::Reader* replies) {
  object["at"] = base::to_rfc3339(last.at);
  if (last.attempt > 0) object["attempts"] = last.attempt;
  if (!last.site.empty()) object["site"] = base::to_valid_utf8(last.site);
  if (!last.peer.host.empty()) object["host"] = base::to_valid_utf8(last.peer.host);
  if (last.reply.empty()) return;
  object["last_reply"] = base::to_valid_utf8(last.reply);
  const bool is_refusal = last.kind == EventKind::deferred || last.kind == EventKind::bounced ||
                          last.kind == EventKind::expired;
  if (!replies || !is_refusal) return;
  const classify::Reading reading = replies->read({last.reply, last.peer.host, last.phase, {}, {}});
  object["diagnosis"] = explain::to_json(explain::answer(reading, replies->book()));
}

json::object to_json(const RecipientState& state, classify::Reader* replies) {
  json::object object{{"to", base::to_valid_utf8(state.address)}, {"status", state.status}};
  if (state.last) add_attempt(object, *state.last, replies);
  if (!state.standing) return object;
  add_hold(object, *state.standing);
  object["attempts"] = state.standing->attempts;
  object["expires_at"] = base::to_rfc3339(state.standing->expires_at);
  return object;
}

}  // namespace

std::vector<RecipientState> recipient_states(const std::vector<Event>& events,
                                             const std::vector<records::FoundRecipient>& recorded,
                                             const std::vector<queue::Standing>& waiting) {
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
      // What is told of one that was settled is another fact, but for how.
      if (state.is_settled && (state.last || !settles(event.kind))) continue;
      state.is_settled = settles(event.kind);
      state.status = status_of(event.kind);
      if (event.kind != EventKind::accepted && event.kind != EventKind::expiring)
        state.last = &event;
    }
  for (const queue::Standing& standing : waiting) {
    RecipientState& state = state_of(standing.recipient);
    // The queue knows first that it was settled, so what it says waits may be older than an event.
    if (state.is_settled) continue;
    state.standing = &standing;
    state.status = status_of(standing);
  }
  return states;
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
                        const std::vector<queue::Standing>& waiting, classify::Reader* replies) {
  const std::vector<RecipientState> states = recipient_states(events, recorded, waiting);
  json::object object{{"object", "email"}, {"status", status_of(states)}};
  if (!events.empty()) {
    const Event& first = events.front();
    if (first.message) object["id"] = first.message->text();
    object["from"] = base::to_valid_utf8(first.sender);
    object["created_at"] = base::to_rfc3339(first.at);
    object["size"] = first.size_octets;
    object["message_id"] = base::to_valid_utf8(first.message_id);
    object["tenant"] = first.tenant;
    object["stream"] = first.stream;
    object["key"] = first.login;
    object["tags"] = json::value_from(first.tags);
    object["metadata"] = json::value_from(first.metadata);
  }
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
