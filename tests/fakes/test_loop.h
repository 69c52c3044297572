#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "io/clock.h"
#include "io/loop.h"
#include "io/rng.h"
#include "io/task_group.h"

namespace waypost::fakes {

// A loop for unit tests, on the real clock: it runs on the test's thread until one task is done.
class TestLoop final : public io::Loop {
 public:
  void post(std::function<void()> message) override {
    {
      std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
    }
    wake_.notify_one();
  }
  io::Clock& clock() override { return clock_; }
  io::Rng& rng() override { return rng_; }
  io::TimerQueue& timers() override { return timers_; }

  // Runs `task` and whatever it needs to its end.
  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    io::TaskGroup group;
    group.start(keep(std::move(task), result));
    while (group.running() > 0) turn();
    return *std::move(result);
  }
  // Runs two tasks at a time.
  template <class A, class B>
  std::pair<A, B> run_both(io::Task<A> a, io::Task<B> b) {
    std::optional<A> result_a;
    std::optional<B> result_b;
    io::TaskGroup group;
    group.start(keep(std::move(a), result_a));
    group.start(keep(std::move(b), result_b));
    while (group.running() > 0) turn();
    return {*std::move(result_a), *std::move(result_b)};
  }

  Instant in(Duration duration) { return now() + duration; }

 private:
  template <class T>
  static io::Task<void> keep(io::Task<T> task, std::optional<T>& into) {
    into.emplace(co_await std::move(task));
  }

  void turn() {
    timers_.run_due(now());
    std::deque<std::function<void()>> messages;
    {
      std::unique_lock lock(mutex_);
      if (messages_.empty()) wait(lock);
      messages.swap(messages_);
    }
    for (auto& message : messages) message();
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    auto next = timers_.next();
    Duration most = std::chrono::milliseconds(20);
    if (next) most = std::min(most, *next - now());
    if (most > Duration(0)) wake_.wait_for(lock, most);
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> messages_;
  io::SystemClock clock_;
  io::SeededRng rng_{1};
  io::TimerQueue timers_;
};

}  // namespace waypost::fakes
