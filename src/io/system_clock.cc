#include <chrono>

#include "io/clock.h"

namespace waypost::io {

Instant SystemClock::now() const {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

WallTime SystemClock::wall_now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace waypost::io
