#include "queue/site.h"

#include <fmt/format.h>

namespace waypost::queue {

void Site::set_limits(shaping::SiteLimits new_limits, Instant now) {
  limits = std::move(new_limits);
  const double rate = limits.messages_per_second.value;
  pacer.set_rate(rate, now);
  turns.set_rate(rate, now);
  common_pacer.set_rate(rate * (1 - streams.reserve()), now);
}

void Site::reset_lanes() {
  std::vector<double> shares = streams.shares();
  ready.reset(shares.size());
  fair_turns = shaping::FairTurns(std::move(shares));
}

Instant Site::free_at(size_t lane, Instant now) const {
  Instant free = std::max(health.shut_until(), pacer.next());
  if (!streams.is_urgent(lane)) free = std::max(free, common_pacer.next());
  return quotas ? std::max(free, shortage(streams.is_urgent(lane), now, 0).until) : free;
}

SiteQuotas::Shortage Site::shortage(bool urgent, Instant now, uint64_t ahead) const {
  return quotas->shortage(now, ahead, [this, urgent](uint64_t most) -> uint64_t {
    return urgent ? 0 : streams.kept_slots(static_cast<unsigned>(most));
  });
}

std::string Site::kept_free_text(bool urgent) const {
  if (urgent || streams.reserve() <= 0) return {};
  return fmt::format(", of which {:.0f} % are kept free for urgent mail", 100 * streams.reserve());
}

void Site::begin(size_t lane, Instant now) {
  fair_turns.take(lane);
  pacer.take(now);
  ++sending;
  if (streams.is_urgent(lane)) return;
  common_pacer.take(now);
  ++sending_common;
}

void Site::end(bool urgent) {
  --sending;
  if (!urgent) --sending_common;
}

SiteMeasure Site::measure() const {
  const bool is_slowed = slots() < limits.connections.value;
  return health.measure() == SiteMeasure::none && is_slowed ? SiteMeasure::slow : health.measure();
}

std::string Site::doctor_target() const {
  if (service.empty() || last_host.empty()) return last_domain;
  const bool is_ipv6 = last_host.find(':') != std::string::npos;
  // What stands behind a slash is the login.
  return (is_ipv6 ? "[" + last_host + "]" : last_host) + service.substr(0, service.find('/'));
}

}  // namespace waypost::queue
