#include "delivery/ports.h"

#include <algorithm>

#include <fmt/format.h>

namespace waypost::delivery {

using events::Outcome;
using events::Phase;

bool Ports::Plan::go_on(Outcome outcome) {
  bool is_in_use = route()->port == in_use_;
  // A port that is not in use yet must take mail to come into use: whatever keeps it from that, the
  // next may do better. But who we are is refused at one as at all, and asked too often locked.
  // Only a look at the first port says nothing of the one in use, which takes mail.
  bool looked = looks_again_ && at_ == 0;
  bool goes_on = is_in_use ? outcome.unanswered : looked || outcome.phase != Phase::login;
  failures_.push_back({route()->port, std::move(outcome)});
  if (!goes_on || at_ + 1 == ports_.size()) return false;
  ++at_;
  return true;
}

Outcome Ports::Plan::outcome() && {
  Failure& last = failures_.back();
  bool was_answered = last.port == in_use_ && !last.outcome.unanswered;
  if (was_answered || failures_.size() == 1 || last.outcome.phase == Phase::login)
    return std::move(last.outcome);
  std::string reason;
  Outcome told;
  for (Failure& failure : failures_) {
    reason += fmt::format("{}port {}: {}", reason.empty() ? "" : "; ", failure.port,
                          failure.outcome.text());
    if (failure.port == in_use_) told = std::move(failure.outcome);
  }
  told.reason = std::move(reason);
  return told;
}

// What an attempt by other settings left behind may name a port that the route has no more.
uint16_t Ports::port_in_use(const Route& route, const Source& source) const {
  if (route.fallbacks.empty()) return route.port;
  auto other = others_.find({route.smarthost, source.id});
  if (other == others_.end()) return route.port;
  for (const auto& fallback : route.fallbacks)
    if (fallback->port == other->second.ports.to) return fallback->port;
  return route.port;
}

std::shared_ptr<const Route> Ports::in_use(const std::shared_ptr<const Route>& route,
                                           const Source& source) const {
  uint16_t port = port_in_use(*route, source);
  for (const auto& fallback : route->fallbacks)
    if (fallback->port == port) return fallback;
  return route;
}

Ports::Plan Ports::plan(const std::shared_ptr<const Route>& route, const Source& source) {
  Plan plan;
  plan.ports_ = {route};
  plan.ports_.insert(plan.ports_.end(), route->fallbacks.begin(), route->fallbacks.end());
  plan.first_ = route->port;
  plan.in_use_ = port_in_use(*route, source);
  if (plan.in_use_ == plan.first_) return plan;
  // One attempt looks, and may have to wait for that: the others must not.
  Other& other = others_.at({route->smarthost, source.id});
  plan.looks_again_ = other.first_again_at <= loop_.now();
  if (plan.looks_again_) other.first_again_at = loop_.now() + first_again_after;
  std::stable_partition(plan.ports_.begin() + (plan.looks_again_ ? 1 : 0), plan.ports_.end(),
                        [&](const auto& each) { return each->port == plan.in_use_; });
  return plan;
}

std::optional<events::Event> Ports::takes_mail(const Plan& plan, const Route& route,
                                               const Source& source) {
  uint16_t port = plan.route()->port;
  uint16_t in_use = port_in_use(route, source);  // by now: other attempts may have been faster
  if (port == in_use) return std::nullopt;
  for (const Plan::Failure& failure : plan.failures_)
    if (failure.port == in_use)
      return switch_to(route, source, port,
                       fmt::format("port {}: {}", in_use, failure.outcome.text()));
  if (!plan.looks_again_ || port != plan.first_) return std::nullopt;
  return switch_to(route, source, port, fmt::format("port {} takes mail again", port));
}

events::Event Ports::switch_to(const Route& first, const Source& source, uint16_t to,
                               std::string reason) {
  events::Event event;
  event.kind = events::EventKind::port_switched;
  event.at = loop_.wall_now();
  event.peer.host = first.hosts.front().name;
  event.peer.source = source.id;
  event.reply = reason;
  event.port_switch = {first.smarthost, port_in_use(first, source), to};
  Key key{first.smarthost, source.id};
  if (to == first.port)
    others_.erase(key);
  else
    others_[key] = {{first.smarthost, first.port, to},
                    source.id,
                    std::move(reason),
                    loop_.now() + first_again_after};
  return event;
}

std::vector<Ports::Other> Ports::others() const {
  std::vector<Other> all;
  for (const auto& [key, other] : others_) all.push_back(other);
  return all;
}

}  // namespace waypost::delivery
