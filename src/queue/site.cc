#include "queue/site.h"

#include <fmt/format.h>

namespace waypost::queue {

void Site::adopt(shaping::SiteTable::Match match) {
  rule = std::move(match.rule);
  limits = *match.limits;
  set_pace();
}

void Site::set_pace() {
  const double rate = limits.messages_per_second.value;
  pacer.set_rate(rate);
  turns.set_rate(rate);
  common_pacer.set_rate(rate * (1 - streams.reserve()));
}

void Site::reconfigure() {
  set_pace();
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

}  // namespace waypost::queue
