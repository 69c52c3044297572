#include <fmt/format.h>

#include "queue/queue.h"

namespace waypost::queue {

std::string_view name(Hold hold) {
  switch (hold) {
    case Hold::sending:
      return "sending";
    case Hold::resolving:
      return "resolving";
    case Hold::slot:
      return "slot";
    case Hold::rate:
      return "rate";
    case Hold::site_shut:
      return "site_shut";
    case Hold::deferred:
      return "deferred";
    case Hold::stopping:
      return "stopping";
  }
  return "unknown";
}

void Queue::visit_standings(const std::function<bool(const Standing&)>& visit) const {
  for (const auto& [id, message] : messages_) {
    for (uint32_t i = 0; i < message->recipients.size(); ++i) {
      if (message->recipients[i].place == Place::settled) continue;
      if (!visit(standing_of({message.get(), i}))) return;
    }
  }
}

std::vector<Standing> Queue::standings(MessageId id) const {
  std::vector<Standing> standings;
  auto found = messages_.find(id);
  if (found == messages_.end()) return standings;
  Message* message = found->second.get();
  for (uint32_t i = 0; i < message->recipients.size(); ++i)
    if (message->recipients[i].place != Place::settled)
      standings.push_back(standing_of({message, i}));
  return standings;
}

Standing Queue::standing_of(Item item) const {
  const spool::Envelope& envelope = *item.message->envelope;
  const RecipientState& state = item.state();
  Standing standing;
  standing.id = envelope.id;
  standing.accepted_at = envelope.accepted_at;
  standing.expires_at = envelope.expires_at;
  standing.sender = envelope.sender ? envelope.sender->text() : "";
  standing.recipient = envelope.recipients[item.recipient].text();
  standing.stream = envelope.stream;
  standing.site = state.site ? state.site->name : "";
  standing.size_octets = envelope.size_octets;
  standing.attempts = state.attempts;
  standing.last_reply = state.last_reply;
  standing.last_host = state.last_host;
  switch (state.place) {
    case Place::sending:
      standing.hold = Hold::sending;
      standing.reason = "an attempt runs, or its outcome is being written";
      break;
    case Place::resolving:
      standing.hold = Hold::resolving;
      standing.reason = fmt::format("looking up which hosts take mail for {}", item.domain());
      break;
    case Place::deferred:
      standing.hold = Hold::deferred;
      standing.reason = state.last_reply;
      standing.next_attempt_at = to_wall(state.due);
      break;
    case Place::ready:
      explain_ready(*state.site, standing);
      break;
    case Place::settled:
      break;
  }
  return standing;
}

void Queue::explain_ready(const Site& site, Standing& standing) const {
  Instant now = deps_.loop.now();
  if (stopping_ || !deps_.spool.healthy()) {
    standing.hold = Hold::stopping;
    standing.reason = stopping_ ? "Waypost is stopping; the next start goes on with it"
                                : "the spool failed: outcomes could not be recorded, so nothing "
                                  "is sent until Waypost is restarted";
  } else if (site.failures > 0) {
    standing.hold = Hold::site_shut;
    standing.reason = fmt::format(
        "{} could not be reached {} times in a row ({}); one message "
        "probes it before the others follow",
        site.name, site.failures, site.last_failure);
    standing.next_attempt_at = to_wall(std::max(site.shut_until, now));
  } else if (site.pacer.next() > now) {
    const auto& limit = site.limits->messages_per_second;
    standing.hold = Hold::rate;
    standing.reason = fmt::format("{} gets at most {} messages a second, and {} are ahead",
                                  site.name, limit.value, site.ready.size());
    standing.limit_origin = limit.origin;
    standing.next_attempt_at = to_wall(site.pacer.next());
  } else {
    const auto& limit = site.limits->connections;
    standing.hold = Hold::slot;
    standing.reason =
        fmt::format("all {} connections that {} may have are busy", limit.value, site.name);
    standing.limit_origin = limit.origin;
  }
}

}  // namespace waypost::queue
