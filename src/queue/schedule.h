#pragma once

#include "base/time.h"

namespace waypost::queue {

// When to try again: the first delay, multiplied after each attempt, up to a longest one, and
// spread by jitter so that what failed together does not come back together.
struct RetrySchedule {
  Duration first = std::chrono::minutes(1);
  double factor = 2.0;
  Duration longest = std::chrono::hours(1);
  double jitter = 0.2;  // a delay of 60 s becomes 48 to 72 s

  // After the `attempts`-th attempt, 1 or more; `uniform` from [0, 1). Never zero.
  Duration delay(unsigned attempts, double uniform) const;
};

}  // namespace waypost::queue
