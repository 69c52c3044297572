#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.h"

namespace waypost::io {

class Timer;

// The pending timers of one loop, a heap by time; equal times fire in the order of their start.
// Thread: the loop's.
class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // When the loop must wake next.
  std::optional<Instant> next() const;
  // Fires what is due at `now`, and returns how many. A callback may start and cancel timers.
  size_t run_due(Instant now);
  // Called after start() when the earliest time has changed, so that a sleeping loop can re-arm.
  void on_earlier(std::function<void()> notify) { on_earlier_ = std::move(notify); }

 private:
  friend class Timer;
  struct Entry {
    Instant at;
    uint64_t order;
    Timer* timer;
    bool before(const Entry& other) const {
      return at != other.at ? at < other.at : order < other.order;
    }
  };
  void insert(Timer& timer, Instant at);
  void remove(Timer& timer);
  void sift_up(size_t index);
  void sift_down(size_t index);
  void place(size_t index, Entry entry);

  std::vector<Entry> heap_;
  uint64_t started_ = 0;
  std::optional<Instant> firing_at_;  // while run_due() runs
  std::function<void()> on_earlier_;
};

// One callback at one time. Destroying it cancels it, so it may be a member of what it wakes.
class Timer {
 public:
  explicit Timer(TimerQueue& queue) : queue_(queue) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  // Fires once at `at`, or on the next turn of the loop when that has passed. Replaces what was
  // pending. The callback may restart or destroy this timer.
  void start(Instant at, std::function<void()> callback);
  void cancel();
  bool pending() const { return index_ != idle; }

 private:
  friend class TimerQueue;
  static constexpr size_t idle = SIZE_MAX;
  TimerQueue& queue_;
  size_t index_ = idle;
  std::function<void()> callback_;
};

}  // namespace waypost::io
