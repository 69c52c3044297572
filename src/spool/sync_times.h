#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace waypost::spool {

// How long syncs took, by the first bound that each kept to; the last count is of those that kept
// to none.
struct SyncTimes {
  static constexpr std::array<double, 12> bounds_s{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                   0.05,   0.1,   0.25,  0.5,   1,    5};
  std::array<uint64_t, bounds_s.size() + 1> counts{};
  double sum_s = 0;
};

// Counts them. Any thread.
class SyncCounts {
 public:
  void add(Duration took) {
    const double seconds = std::chrono::duration<double>(took).count();
    const auto& bounds = SyncTimes::bounds_s;
    const auto bound = std::lower_bound(bounds.begin(), bounds.end(), seconds);
    ++counts_[size_t(bound - bounds.begin())];
    sum_ += took.count();
  }
  SyncTimes read() const {
    SyncTimes times;
    for (size_t i = 0; i < counts_.size(); ++i) times.counts[i] = counts_[i];
    times.sum_s = std::chrono::duration<double>(Duration(sum_.load())).count();
    return times;
  }

 private:
  std::array<std::atomic<uint64_t>, SyncTimes::bounds_s.size() + 1> counts_{};
  std::atomic<Duration::rep> sum_ = 0;
};

}  // namespace waypost::spool
