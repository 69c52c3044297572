#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "io/clock.h"
#include "io/loop.h"
#include "io/rng.h"
#include "io/task_group.h"

namespace waypost::fakes {

// A loop whose time moves only when a test says so.
class VirtualLoop final : public io::Loop {
 public:
  void post(std::function<void()> message) override { messages_.push_back(std::move(message)); }
  io::Clock& clock() override { return clock_; }
  io::Rng& rng() override { return rng_; }
  io::TimerQueue& timers() override { return timers_; }

  // Runs all that can run without time passing.
  void settle() {
    do {
      while (!messages_.empty()) {
        auto message = std::move(messages_.front());
        messages_.pop_front();
        message();
      }
    } while (timers_.run_due(now()) > 0 || !messages_.empty());
  }

  // Lets time pass, from timer to timer.
  void advance(Duration duration) {
    const Instant end = now() + duration;
    settle();
    while (timers_.next() && *timers_.next() <= end) {
      clock_.at = std::max(clock_.at, *timers_.next());
      settle();
    }
    clock_.at = end;
    settle();
  }

  // Runs `task` and what it needs; it must end without time passing.
  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    io::TaskGroup group;
    group.start(keep(std::move(task), result));
    settle();
    CHECK(result);
    return *std::move(result);
  }

 private:
  struct ManualClock final : io::Clock {
    Instant now() const override { return at; }
    WallTime wall_now() const override {
      using namespace std::chrono;
      return WallTime(sys_days{year{2026} / 11 / 21}) +
             duration_cast<WallTime::duration>(at.time_since_epoch());
    }
    Instant at{std::chrono::hours(1)};
  };

  template <class T>
  static io::Task<void> keep(io::Task<T> task, std::optional<T>& into) {
    into.emplace(co_await std::move(task));
  }

  std::deque<std::function<void()>> messages_;
  ManualClock clock_;
  io::SeededRng rng_{1};
  io::TimerQueue timers_;
};

}  // namespace waypost::fakes
