#include "shaping/streams.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace waypost::shaping {
namespace {

// The mail without a rule is never starved, whatever the rules add up to.
constexpr double share_left_min = 0.01;

}  // namespace

StreamTable::StreamTable(std::vector<StreamRule> rules) : rules_(std::move(rules)) {}

size_t StreamTable::lane_of(std::string_view stream) const {
  for (size_t i = 0; i < rules_.size(); ++i)
    if (rules_[i].name == stream) return i + 1;
  return 0;
}

std::vector<double> StreamTable::shares() const {
  std::vector<double> shares{1};
  for (const StreamRule& rule : rules_) {
    shares.push_back(rule.share);
    shares.front() -= rule.share;
  }
  shares.front() = std::max(shares.front(), share_left_min);
  return shares;
}

double StreamTable::reserve() const {
  double sum = 0;
  for (const StreamRule& rule : rules_) sum += rule.reserve;
  return sum;
}

unsigned StreamTable::kept_slots(unsigned slots) const {
  const double part = reserve();
  if (part <= 0 || slots < 2) return 0;
  return std::clamp(static_cast<unsigned>(std::lround(part * slots)), 1u, slots - 1);
}

}  // namespace waypost::shaping
