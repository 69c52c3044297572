#include "shaping/fair_turns.h"

#include <algorithm>
#include <utility>

namespace waypost::shaping {

FairTurns::FairTurns(std::vector<double> shares)
    : shares_(std::move(shares)), ends_(shares_.size(), 0) {}

double FairTurns::start_of(size_t lane) const { return std::max(now_, ends_[lane]); }

std::optional<size_t> FairTurns::next(const std::function<bool(size_t lane)>& may) const {
  std::optional<size_t> best;
  for (size_t lane = 0; lane < shares_.size(); ++lane) {
    if (!may(lane)) continue;
    // Of equal starts the larger share first.
    if (!best ||
        std::pair(start_of(lane), -shares_[lane]) < std::pair(start_of(*best), -shares_[*best]))
      best = lane;
  }
  return best;
}

void FairTurns::take(size_t lane) {
  now_ = start_of(lane);
  ends_[lane] = now_ + 1 / shares_[lane];
}

}  // namespace waypost::shaping
