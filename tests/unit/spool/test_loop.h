#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/rng.h"
#include "io/task_group.h"

namespace waypost::spool {

enum class Time { real, simulated };

// A loop that runs only while the test waits for something.
class TestLoop final : public io::Loop {
 public:
  explicit TestLoop(Time time) : clock_(time) {}

  void post(std::function<void()> message) override {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(message));
    wake_.notify_one();
  }
  io::Clock& clock() override { return clock_; }
  io::Rng& rng() override { return rng_; }
  io::TimerQueue& timers() override { return timers_; }

  // Runs until `task` is done. Aborts when it never will be.
  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    io::TaskGroup group;
    group.start(keep(std::move(task), result));
    run_until([&] { return result.has_value(); });
    return *std::move(result);
  }
  void run(io::Task<void> task) {
    io::TaskGroup group;
    group.start(std::move(task));
    run_until([&] { return group.running() == 0; });
  }
  void run_until(const std::function<bool()>& done) {
    while (!done()) turn();
  }
  void run_for(Duration duration) {
    const Instant end = now() + duration;
    io::Timer timer(timers_);
    timer.start(end, [] {});
    run_until([&] { return !timer.pending(); });
  }

 private:
  struct TestClock final : io::Clock {
    explicit TestClock(Time time) : simulated(time == Time::simulated) {}
    Instant now() const override { return simulated ? instant : system.now(); }
    WallTime wall_now() const override { return system.wall_now(); }
    bool simulated;
    Instant instant{};
    io::SystemClock system;
  };

  template <class T>
  static io::Task<void> keep(io::Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }

  void turn() {
    wait();
    std::deque<std::function<void()>> messages;
    {
      std::lock_guard lock(mutex_);
      messages.swap(posted_);
    }
    for (auto& message : messages) message();
    timers_.run_due(clock_.now());
  }

  void wait() {
    std::unique_lock lock(mutex_);
    if (!posted_.empty()) return;
    auto next = timers_.next();
    if (clock_.simulated) {
      CHECK(next);  // otherwise nothing can ever happen again
      clock_.instant = std::max(clock_.instant, *next);
      return;
    }
    Duration patience = next ? *next - clock_.now() : std::chrono::seconds(20);
    bool woken = wake_.wait_for(lock, patience, [this] { return !posted_.empty(); });
    CHECK(woken || next);
  }

  TestClock clock_;
  io::SeededRng rng_{1};
  io::TimerQueue timers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> posted_;
};

}  // namespace waypost::spool
