#include "queue/standing.h"

#include <array>

namespace waypost::queue {
namespace {

constexpr std::array<std::string_view, 11> hold_names{
    "sending",  "resolving", "slot", "rate",   "quota",   "site_shut",
    "deferred", "scheduled", "held", "paused", "stopping"};

}  // namespace

std::string_view name(Hold hold) { return hold_names[size_t(hold)]; }

std::optional<Hold> parse_hold(std::string_view name) {
  for (size_t i = 0; i < hold_names.size(); ++i)
    if (hold_names[i] == name) return Hold(i);
  return std::nullopt;
}

std::string schedule_reason(WallTime at) {
  return "to be sent at " + base::to_rfc3339(at) + ", as was asked for";
}

std::string held_reason(const spool::Envelope& envelope) {
  if (envelope.held_because.empty()) return "kept back by a person until it is released";
  return "kept back until it is released: " + envelope.held_because;
}

}  // namespace waypost::queue
