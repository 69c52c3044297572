#include "queue/site_view.h"

#include <algorithm>

#include "queue/queue.h"

namespace waypost::queue {
namespace {

// Of all that are deferred, the first ones.
constexpr size_t looked_at_max = 256;

}  // namespace

std::string_view name(SiteMeasure measure) {
  switch (measure) {
    case SiteMeasure::none:
      return "open";
    case SiteMeasure::probe:
      return "probe";
    case SiteMeasure::slow:
      return "slow";
    case SiteMeasure::stop:
      return "stop";
  }
  return "";
}

std::string_view name(Place place) {
  switch (place) {
    case Place::resolving:
      return "resolving";
    case Place::ready:
      return "ready";
    case Place::sending:
      return "sending";
    case Place::deferred:
      return "deferred";
    case Place::scheduled:
      return "scheduled";
    case Place::held:
      return "held";
    case Place::paused:
      return "paused";
    case Place::settled:
      return "settled";
  }
  return "";
}

SiteView Queue::view_of(const Site& site) const {
  const Instant now = deps_.loop.now();
  SiteView view;
  view.name = site.name;
  view.recipients = site.recipients;
  view.ready = site.ready.size();
  view.attempts = site.sending;
  view.connections_max = site.slots();
  view.limits = site.limits;
  if (auto asked = asked_limits_.find(site.name); asked != asked_limits_.end())
    view.asked_limit = asked->second;
  if (site.quotas) {
    view.connections_last_minute = site.quotas->connections().used(now);
    view.messages_last_hour = site.quotas->hour().used(now);
    view.messages_last_day = site.quotas->day().used(now);
  }
  view.measure = site.measure();
  view.troubles = site.health.troubles();
  view.last_trouble = site.health.last_trouble().text;
  if (site.health.shut_until() > now) view.shut_until = to_wall(site.health.shut_until());
  if (site.slots() < site.limits.connections.value && !site.health.slowed_by().empty()) {
    view.slowed_since = to_wall(site.health.slowed_since());
    view.slowed_by = site.health.slowed_by();
  }
  view.last_host = site.last_host;
  view.doctor_target = site.doctor_target();
  view.next = first_waiting(site);
  return view;
}

void Queue::visit_sites(const std::function<void(const SiteView&)>& visit) const {
  for (const auto& [key, site] : sites_) visit(view_of(*site));
}

void Queue::visit_counts(const std::function<void(const SiteCounts&)>& visit) const {
  for (const auto& [key, site] : sites_)
    visit({site->name, site->rule, site->recipients, site->places, site->sending, site->measure(),
           site->limits});
}

// Some milliseconds, in the loop that moves mail.
constexpr size_t stepped_over_max = 50'000;

void Queue::visit_oldest(
    size_t recipients_max,
    const std::function<void(std::string_view rule, WallTime accepted_at)>& visit) const {
  size_t seen = 0;
  size_t stepped_over = 0;
  for (const Message* message = messages_.first_after(std::nullopt); message;
       message = messages_.first_after(message->id)) {
    for (const RecipientState& state : message->recipients) {
      // Nobody is late with what is wanted later.
      if (state.place == Place::settled || state.awaits_schedule) {
        if (++stepped_over > stepped_over_max) return;
        continue;
      }
      if (++seen > recipients_max) return;
      visit(state.site ? std::string_view(state.site->rule) : std::string_view(),
            std::max(message->id.accepted_at(), state.scheduled_at));
    }
  }
}

std::optional<SiteView> Queue::site(const std::string& name) const {
  const auto found = sites_.find(name);
  if (found == sites_.end()) return std::nullopt;
  return view_of(*found->second);
}

std::string_view Queue::rule_of(const std::string& site) const {
  const auto found = sites_.find(site);
  return found == sites_.end() ? std::string_view() : std::string_view(found->second->rule);
}

std::optional<Standing> Queue::first_waiting(const Site& site) const {
  auto waits = [&](size_t lane) { return !site.ready.empty(lane); };
  if (auto lane = site.fair_turns.next(waits)) return standing_of(site.ready.front(*lane));
  const std::optional<Item> deferred = first_deferred(site);
  if (site.health.troubles() == 0 || site.recipients == 0)
    return deferred ? std::optional(standing_of(*deferred)) : std::nullopt;
  Standing standing;
  standing.site = site.name;
  explain_shut(site, standing);
  if (deferred)
    standing.next_attempt_at = std::max(standing.next_attempt_at, to_wall(deferred->state().due));
  return standing;
}

// Where the one that was to come first is gone, the next is not known, but it is soon due as well.
std::optional<Item> Queue::first_deferred(const Site& site) const {
  auto is_its = [&](const Item& item) {
    return item.state().place == Place::deferred && item.state().site == &site;
  };
  Message* message = messages_.find(site.first_due.id);
  const Item known{message, site.first_due.recipient};
  if (message && known.recipient < message->recipients.size() && is_its(known)) return known;
  if (site.places[size_t(Place::deferred)] == 0) return std::nullopt;
  size_t looked_at = 0;
  for (const Item& item : due_) {
    if (is_its(item)) return item;
    if (++looked_at == looked_at_max) break;
  }
  return std::nullopt;
}

PlaceCounts Queue::places() const {
  PlaceCounts counts;
  for (const auto& [domain, waiting] : resolving_) counts.resolving += waiting.size();
  for (const auto& [key, site] : sites_) counts.ready += site->ready.size();
  counts.deferred = due_.size();
  counts.scheduled = scheduled_.size();
  counts.paused = paused_.size();
  const uint64_t known =
      counts.resolving + counts.ready + counts.deferred + counts.scheduled + counts.paused;
  counts.held = unrouted_[size_t(Place::held)];
  for (const auto& [key, site] : sites_) counts.held += site->places[size_t(Place::held)];
  counts.other = ledger_.queued > known ? ledger_.queued - known : 0;
  return counts;
}

}  // namespace waypost::queue
