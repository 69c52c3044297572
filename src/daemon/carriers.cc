#include "daemon/carriers.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace waypost::daemon {

using events::Outcome;
using queue::Assignment;
using queue::Permission;

Carriers::Carriers(std::vector<Carrier> carriers)
    : home_(carriers.front()), others_(carriers.begin() + 1, carriers.end()) {}

const Carriers::Carrier& Carriers::carrier_of(const std::string& site) const {
  return others_.empty() ? home_ : others_[std::hash<std::string>()(site) % others_.size()];
}

unsigned Carriers::idle_connections(const std::string& site) const {
  if (others_.empty()) return home_.courier->idle_connections(site);
  auto found = idle_.find(site);
  return found == idle_.end() || is_old(found->second) ? 0 : found->second.count;
}

bool Carriers::is_old(const Idle& idle) const {
  return home_.remote->loop().now() - idle.at >= idle_kept_for_;
}

void Carriers::note_idle(const std::string& site, unsigned idle) {
  constexpr size_t sites_min = 1000;
  if (idle == 0) {
    idle_.erase(site);
    return;
  }
  idle_[site] = {idle, home_.remote->loop().now()};
  if (idle_.size() < idle_swept_at_) return;
  std::erase_if(idle_, [this](const auto& entry) { return is_old(entry.second); });
  idle_swept_at_ = std::max(2 * idle_.size(), sites_min);
}

void Carriers::forget_idle(Duration kept_for) {
  idle_.clear();
  idle_kept_for_ = kept_for;
}

// What the queue is asked by stays here, on its loop, until the end; the carrier gets what asks
// back.
io::Task<void> Carriers::attempt(Assignment given) {
  if (others_.empty()) {
    co_await home_.courier->attempt(std::move(given));
    co_return;
  }
  const Carrier& carrier = carrier_of(given.site);
  const std::string site = given.site;
  const Permission turn = std::move(given.turn);
  const Permission connecting = std::move(given.connecting);
  const Settle settle_at_home = std::move(given.settle);
  given.turn = ask_home(turn, carrier, site);
  given.connecting = ask_home(connecting, carrier, site);
  given.settle = [&](std::vector<Outcome> outcomes) {
    return settle(settle_at_home, carrier, std::move(outcomes));
  };
  std::function<io::Task<unsigned>()> there = [&] {
    return carry(*carrier.courier, std::move(given));
  };
  const unsigned idle =
      co_await carrier.remote->run<unsigned>(home_.remote->loop(), std::move(there));
  note_idle(site, idle);
}

// On the carrier's loop, as all that is asked from there.
io::Task<unsigned> Carriers::carry(queue::Courier& courier, Assignment assignment) {
  const std::string site = assignment.site;
  co_await courier.attempt(std::move(assignment));
  co_return courier.idle_connections(site);
}

Permission Carriers::ask_home(const Permission& permission, const Carrier& carrier,
                              const std::string& site) {
  if (!permission) return permission;
  return [&] { return ask(permission, carrier, site); };
}

io::Task<Carriers::Refused> Carriers::ask(const Permission& permission, const Carrier& carrier,
                                          const std::string& site) {
  const unsigned idle = carrier.courier->idle_connections(site);
  Permission at_home = [&] {
    note_idle(site, idle);
    return permission();
  };
  co_return co_await home_.remote->run<Refused>(carrier.remote->loop(), std::move(at_home));
}

io::Task<void> Carriers::settle(const Settle& settle_at_home, const Carrier& carrier,
                                std::vector<Outcome> outcomes) {
  std::function<io::Task<void>()> at_home = [&] { return settle_at_home(std::move(outcomes)); };
  co_await home_.remote->run(carrier.remote->loop(), std::move(at_home));
}

}  // namespace waypost::daemon
