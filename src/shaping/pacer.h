#pragma once

#include "base/time.h"

namespace waypost::shaping {

// Spaces messages evenly at a rate (the generic cell rate algorithm with a burst of one interval):
// over any span of time t it lets through at most rate x t + 1. Pure: times come from the caller.
class Pacer {
 public:
  // 0 or less is no limit.
  explicit Pacer(double per_second);

  // From the next message on; the one that went last still counts.
  void set_rate(double per_second);

  // When the next message may go; `now` or earlier means at once.
  Instant next() const { return next_; }
  // One message goes at `now`.
  void take(Instant now);

 private:
  Duration interval_{0};
  Instant next_;
};

}  // namespace waypost::shaping
