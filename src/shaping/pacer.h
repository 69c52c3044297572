#pragma once

#include "base/time.h"

namespace waypost::shaping {

// Spaces messages evenly at a rate (the generic cell rate algorithm with a burst of one interval):
// over any span of time t it lets through at most rate x t + 1. Pure: times come from the caller.
class Pacer {
 public:
  // 0 or less is no limit.
  explicit Pacer(double per_second);

  // The next message keeps the time that it was told, but waits no longer than the new rate has it
  // wait: a lower rate must not outlast its end.
  void set_rate(double per_second, Instant now);

  // How long a message has to wait for the one before it.
  Duration interval() const { return interval_; }
  // When the next message may go; `now` or earlier means at once.
  Instant next() const { return next_; }
  // One message goes at `now`.
  void take(Instant now);

 private:
  void set_interval(double per_second);

  Duration interval_{0};
  Instant next_;
};

}  // namespace waypost::shaping
