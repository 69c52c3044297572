#include "shaping/pacer.h"

#include <algorithm>

namespace waypost::shaping {
namespace {

constexpr double interval_max = 1e18;  // nanoseconds: some thirty years, well within a Duration

// However many take their turns ahead at a tiny rate, times stay far from the end of the clock.
constexpr Instant next_max = Instant(Duration(int64_t(4e18)));

}  // namespace

Pacer::Pacer(double per_second) { set_interval(per_second); }

void Pacer::set_rate(double per_second, Instant now) {
  set_interval(per_second);
  next_ = std::min(next_, now + interval_);
}

void Pacer::set_interval(double per_second) {
  double nanoseconds = per_second > 0 ? std::min(1e9 / per_second, interval_max) : 0;
  interval_ = Duration(static_cast<int64_t>(nanoseconds));
}

void Pacer::take(Instant now) { next_ = std::min(std::max(next_, now) + interval_, next_max); }

}  // namespace waypost::shaping
