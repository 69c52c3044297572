#include "queue/schedule.h"

#include <algorithm>
#include <cmath>

namespace waypost::queue {

Duration RetrySchedule::delay(unsigned attempts, double uniform) const {
  double longest_delay = static_cast<double>(longest.count());
  // The power overflows to infinity after many attempts, which min() takes back to the longest.
  double grown = static_cast<double>(first.count()) * std::pow(factor, attempts - 1.0);
  double spread = 1.0 + jitter * (2.0 * uniform - 1.0);
  double nanoseconds = std::min(grown, longest_delay) * spread;
  return std::max(Duration(static_cast<int64_t>(nanoseconds)), Duration(1));
}

}  // namespace waypost::queue
