#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/time.h"
#include "io/clock.h"
#include "io/completion.h"
#include "io/loop.h"
#include "io/task.h"

namespace waypost::io {

// One thread for work that blocks (database, sync, files), so that no loop ever does.
// Work runs in the order of submission. The destructor runs what was submitted, then joins.
class Worker {
 public:
  // `name` is what the system's tools show, 15 octets at most.
  explicit Worker(const std::string& name);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // Any thread.
  void submit(std::function<void()> work);
  // Runs `work` once `delay` has passed and what was then submitted is done; at once when the
  // worker is being destroyed. Any thread.
  void submit_after(Duration delay, std::function<void()> work);
  // Waits until what was submitted so far is done. Any thread but its own.
  void finish();

 private:
  void run();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  std::multimap<Instant, std::function<void()>> later_;
  bool stopping_ = false;
  std::thread thread_;
};

// Runs `work` on `worker` and resumes on `loop` with its result. The caller awaits it to the end,
// so `work` may hold references to what the caller owns.
template <class T>
Task<T> run_on(Worker& worker, Loop& loop, std::function<T()> work) {
  Completion<T> done;
  worker.submit([&] {
    auto result = std::make_shared<T>(work());
    loop.post([&done, result] { done.complete(std::move(*result)); });
  });
  co_return co_await done;
}

// Calls `ready` on an own thread whenever `descriptor` has something to read, until destroyed.
class ReadableWatch {
 public:
  ReadableWatch(int descriptor, std::function<void()> ready);
  ~ReadableWatch();

 private:
  void run(int descriptor);
  std::function<void()> ready_;
  int wake_descriptor_;
  std::thread thread_;
};

}  // namespace waypost::io
