#include "shaping/pacer.h"

#include <algorithm>

namespace waypost::shaping {
namespace {

constexpr double interval_max = 1e18;  // nanoseconds: some thirty years, well within a Duration

}  // namespace

Pacer::Pacer(double per_second) { set_rate(per_second); }

// `next_` stays: the time that the last message earned its successor was told to whoever waits.
void Pacer::set_rate(double per_second) {
  interval_ = per_second > 0
                  ? Duration(static_cast<int64_t>(std::min(1e9 / per_second, interval_max)))
                  : Duration(0);
}

void Pacer::take(Instant now) { next_ = std::max(next_, now) + interval_; }

}  // namespace waypost::shaping
