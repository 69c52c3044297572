#pragma once

#include <functional>

#include "io/clock.h"
#include "io/rng.h"
#include "io/task.h"
#include "io/timer.h"

namespace waypost::io {

// The event loop of one shard: everything of the shard runs on it, so nothing in it is locked.
// What crosses shards (remote.h), or comes back from a worker thread, is a message: post().
class Loop {
 public:
  virtual ~Loop() = default;

  // Runs `message` on the loop's thread, later, in the order of posting. Any thread.
  virtual void post(std::function<void()> message) = 0;

  // The loop's thread only.
  virtual Clock& clock() = 0;
  virtual Rng& rng() = 0;
  virtual TimerQueue& timers() = 0;

  Instant now() { return clock().now(); }
  WallTime wall_now() { return clock().wall_now(); }
};

// Suspends until `at`.
Task<void> sleep_until(Loop& loop, Instant at);

}  // namespace waypost::io
