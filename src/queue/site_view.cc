#include "queue/site_view.h"

#include "queue/queue.h"

namespace waypost::queue {

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

void Queue::visit_sites(const std::function<void(const SiteView&)>& visit) const {
  const Instant now = deps_.loop.now();
  for (const auto& [key, site] : sites_) {
    SiteView view;
    view.name = site->name;
    view.recipients = site->recipients;
    view.ready = site->ready.size();
    view.attempts = site->sending;
    view.connections_max = site->slots();
    view.limits = site->limits;
    if (site->quotas) {
      view.connections_last_minute = site->quotas->connections().used(now);
      view.messages_last_hour = site->quotas->hour().used(now);
      view.messages_last_day = site->quotas->day().used(now);
    }
    view.measure = site->health.measure();
    view.troubles = site->health.troubles();
    view.last_trouble = site->health.last_trouble();
    if (site->health.shut_until() > now) view.shut_until = to_wall(site->health.shut_until());
    auto waits = [&](size_t lane) { return !site->ready.empty(lane); };
    if (auto lane = site->fair_turns.next(waits)) view.next = standing_of(site->ready.front(*lane));
    visit(view);
  }
}

PlaceCounts Queue::places() const {
  PlaceCounts counts;
  for (const auto& [domain, waiting] : resolving_) counts.resolving += waiting.size();
  for (const auto& [key, site] : sites_) counts.ready += site->ready.size();
  counts.deferred = due_.size();
  counts.paused = paused_.size();
  const uint64_t known = counts.resolving + counts.ready + counts.deferred + counts.paused;
  counts.other = ledger_.queued > known ? ledger_.queued - known : 0;
  return counts;
}

}  // namespace waypost::queue
