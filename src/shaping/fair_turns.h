#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace waypost::shaping {

// Whose turn it is among lanes that share one way out (start-time fair queueing): over any span in
// which two lanes wait, they get turns in the ratio of their shares. A lane that comes anew is
// before every lane that has had its part, and saves nothing up while it wants nothing. Pure.
class FairTurns {
 public:
  // One share for each lane, above 0; only their ratio counts.
  explicit FairTurns(std::vector<double> shares);

  // The lane whose turn it is, of those that `may` have one; of equals the one of the largest
  // share.
  std::optional<size_t> next(const std::function<bool(size_t lane)>& may) const;
  // The lane has its turn.
  void take(size_t lane);

  size_t lanes() const { return shares_.size(); }

 private:
  double start_of(size_t lane) const;

  std::vector<double> shares_;
  std::vector<double> ends_;  // when the part that each lane had is over, on the clock of turns
  double now_ = 0;            // on that clock: the start of the latest turn
};

}  // namespace waypost::shaping
