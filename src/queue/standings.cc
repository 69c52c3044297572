#include <algorithm>

#include <fmt/format.h>

#include "queue/queue.h"

namespace waypost::queue {

void Queue::visit_standings(const std::function<bool(const Standing&)>& visit,
                            std::optional<MessageId> after) const {
  for (Message* message = messages_.first_after(after); message;
       message = messages_.first_after(message->id)) {
    for (uint32_t i = 0; i < message->recipients.size(); ++i) {
      if (message->recipients[i].place == Place::settled) continue;
      if (!visit(standing_of({message, i}))) return;
    }
  }
}

std::vector<Standing> Queue::standings(MessageId id) const {
  std::vector<Standing> standings;
  Message* message = messages_.find(id);
  if (!message) return standings;
  for (uint32_t i = 0; i < message->recipients.size(); ++i)
    if (message->recipients[i].place != Place::settled)
      standings.push_back(standing_of({message, i}));
  return standings;
}

Standing Queue::standing_of(Item item) const {
  const auto kept = item.message->envelope();
  const spool::Envelope& envelope = *kept;
  const RecipientState& state = item.state();
  Standing standing;
  standing.id = envelope.id;
  standing.accepted_at = envelope.accepted_at;
  standing.expires_at = expires_at(*item.message, envelope);
  if (state.awaits_schedule) standing.scheduled_at = state.scheduled_at;
  standing.sender = envelope.sender ? envelope.sender->text() : "";
  standing.recipient = envelope.recipients[item.recipient].text();
  standing.tenant = envelope.tenant;
  standing.stream = envelope.stream;
  standing.login = envelope.login;
  standing.site = state.site ? state.site->name : "";
  standing.size_octets = envelope.size_octets;
  standing.attempts = state.attempts;
  standing.last_reply = state.last_reply.get();
  standing.last_host = state.last_host.get();
  if (state.attempts > 0) standing.reply_class = classify::slug(state.last_class);
  standing.delay_notified = state.delay_notified;
  standing.has_deadline = envelope.has_deadline;
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
      standing.reason = state.last_reply.get();
      standing.next_attempt_at = to_wall(state.due);
      add_pause(item, standing);
      break;
    case Place::scheduled:
      standing.hold = Hold::scheduled;
      standing.reason = schedule_reason(state.scheduled_at);
      standing.next_attempt_at = state.scheduled_at;
      add_pause(item, standing);
      break;
    case Place::ready:
      explain_ready(item, standing);
      break;
    case Place::held:
      standing.hold = Hold::held;
      standing.reason = held_reason(envelope);
      break;
    case Place::paused: {
      standing.hold = Hold::paused;
      const Pause* pause = pause_of(item);
      standing.reason = pause ? pause->text() : "its pause has just ended";
      if (pause && pause->until) standing.next_attempt_at = *pause->until;
      break;
    }
    case Place::settled:
      break;
  }
  return standing;
}

// Of what waits for a time anyhow.
void Queue::add_pause(Item item, Standing& standing) const {
  const Pause* pause = pause_of(item);
  if (!pause) return;
  standing.reason += "; when that is over: " + pause->text();
  standing.next_attempt_at =
      pause->until ? std::max(standing.next_attempt_at, *pause->until) : WallTime();
}

void Queue::explain_ready(Item item, Standing& standing) const {
  Instant now = deps_.loop.now();
  const Site& site = *item.state().site;
  if (stopping_ || !deps_.spool.healthy()) {
    standing.hold = Hold::stopping;
    standing.reason = stopping_ ? "Waypost is stopping; the next start goes on with it"
                                : "the spool failed: outcomes could not be recorded, so nothing "
                                  "is sent until Waypost is restarted";
  } else if (site.health.troubles() > 0) {
    explain_shut(site, standing);
  } else if (explain_quota(site, item, standing)) {
    return;
  } else if (site.free_at(item.message->lane, now) > now) {
    explain_pace(site, item, standing);
  } else if (explain_connections(site, standing)) {
    return;
  } else {
    explain_slots(site, item, standing);
  }
}

// The lanes of other streams are left out of the reckoning: what they want is not known ahead.
void Queue::explain_pace(const Site& site, Item item, Standing& standing) const {
  const auto& limit = site.limits.messages_per_second;
  const uint64_t ahead = site.ready.ahead_of(item);
  const bool urgent = settings_.streams.is_urgent(item.message->lane);
  const shaping::Pacer& pacer = urgent ? site.pacer : site.common_pacer;
  standing.hold = Hold::rate;
  standing.reason = fmt::format("{} gets at most {} messages a second{}, and up to {} are ahead",
                                site.name, limit.value, site.kept_free_text(urgent), ahead);
  standing.limit_origin = limit.origin;
  double wait_ns = double(pacer.interval().count()) * double(ahead);
  constexpr double wait_ns_max = 1e18;
  standing.next_attempt_at = to_wall(site.free_at(item.message->lane, deps_.loop.now()) +
                                     Duration(int64_t(std::min(wait_ns, wait_ns_max))));
}

void Queue::explain_slots(const Site& site, Item item, Standing& standing) const {
  const auto& limit = site.limits.connections;
  const bool urgent = settings_.streams.is_urgent(item.message->lane);
  const unsigned kept = urgent ? 0 : site.slots() - site.common_slots();
  standing.hold = Hold::slot;
  standing.limit_origin = limit.origin;
  if (site.slots() < limit.value)
    standing.reason = fmt::format(
        "all {} connections that {} gets are busy; {} are allowed, but it asked for less",
        site.slots(), site.name, limit.value);
  else
    standing.reason =
        fmt::format("all {} connections that {} may have are busy", limit.value, site.name);
  if (kept > 0) standing.reason += fmt::format(", or kept free for urgent mail ({})", kept);
}

bool Queue::explain_quota(const Site& site, Item item, Standing& standing) const {
  const Instant now = deps_.loop.now();
  const bool urgent = settings_.streams.is_urgent(item.message->lane);
  if (!site.quotas || site.shortage(urgent, now, 0).until <= now) return false;
  const uint64_t ahead = site.ready.ahead_of(item);
  const SiteQuotas::Shortage shortage = site.shortage(urgent, now, ahead);
  standing.hold = Hold::quota;
  standing.reason = fmt::format("{} gets at most {} {}{}, it has had {}, and up to {} are ahead",
                                site.name, shortage.limit->value, shortage.what,
                                site.kept_free_text(urgent), shortage.quota->used(now), ahead);
  standing.limit_origin = shortage.limit->origin;
  standing.next_attempt_at = to_wall(shortage.until);
  return true;
}

// All that are open are busy, and the minute has had its new ones.
bool Queue::explain_connections(const Site& site, Standing& standing) const {
  const Instant now = deps_.loop.now();
  if (site.sending >= site.slots()) return false;
  const Instant free_at = connection_free_at(site, now);
  if (free_at <= now) return false;
  const auto& limit = site.limits.connections_per_minute;
  standing.hold = Hold::quota;
  standing.reason = fmt::format(
      "{} gets at most {} new connections a minute, and those that it has "
      "are busy",
      site.name, limit.value);
  standing.limit_origin = limit.origin;
  standing.next_attempt_at = to_wall(free_at);
  return true;
}

// Without what follows from it.
std::string Queue::trouble_of(const Site& site) {
  const SiteHealth& health = site.health;
  const std::string& said = health.last_trouble().text;
  switch (health.measure()) {
    case SiteMeasure::slow:
      return fmt::format("{} wants less mail at a time ({})", site.name, said);
    case SiteMeasure::stop:
      return fmt::format("{} refuses us, whatever the message ({})", site.name, said);
    case SiteMeasure::probe:
    case SiteMeasure::none:
      break;
  }
  return fmt::format(
      "{} could not be reached{} ({})", site.name,
      health.troubles() == 1 ? "" : fmt::format(" {} times in a row", health.troubles()), said);
}

void Queue::explain_shut(const Site& site, Standing& standing) const {
  const SiteHealth& health = site.health;
  standing.hold = Hold::site_shut;
  standing.next_attempt_at = to_wall(std::max(health.shut_until(), deps_.loop.now()));
  standing.reason = trouble_of(site);
  switch (health.measure()) {
    case SiteMeasure::slow:
      standing.reason +=
          fmt::format("; it gets none for a moment, then over {} connections", site.slots());
      break;
    case SiteMeasure::stop:
      standing.reason += "; one message tries again before the others follow";
      break;
    case SiteMeasure::probe:
    case SiteMeasure::none:
      standing.reason += "; one message probes it before the others follow";
  }
}

}  // namespace waypost::queue
