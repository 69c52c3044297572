#include "shaping/pacer.h"

#include <algorithm>

namespace waypost::shaping {

Pacer::Pacer(double per_second)
    : interval_(per_second > 0 ? Duration(static_cast<int64_t>(1e9 / per_second)) : Duration(0)) {}

void Pacer::take(Instant now) { next_ = std::max(next_, now) + interval_; }

}  // namespace waypost::shaping
