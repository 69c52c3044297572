#pragma once

#include "base/time.h"

namespace waypost::io {

// The only source of time. Deadlines and pacing use now(), what is stored or shown uses wall_now().
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall_now() const = 0;
};

// CLOCK_MONOTONIC and CLOCK_REALTIME.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  WallTime wall_now() const override;
};

}  // namespace waypost::io
