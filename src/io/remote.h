#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "io/completion.h"
#include "io/loop.h"
#include "io/task.h"
#include "io/task_group.h"

namespace waypost::io {

// A loop, for those who run on others: what crosses loops goes through here. It owns the tasks that
// run for others; made and destroyed while its loop does not run, or on its thread.
class Remote {
 public:
  explicit Remote(Loop& loop) : loop_(loop) {}

  Loop& loop() { return loop_; }

  // Destroys what runs here for others, as a crash would, before what it uses goes.
  void drop() { tasks_.reset(); }

  // Runs `work` on this loop and resumes on `here`, the caller's, with what it comes to; where both
  // are the same, at once. The caller awaits it to the end, so `work` may use what the caller owns,
  // which nobody else touches meanwhile. Thread: that of `here`.
  template <class T>
  Task<T> run(Loop& here, std::function<Task<T>()> work) {
    if (&here == &loop_) co_return co_await work();
    Completion<T> done;
    loop_.post([&] { tasks_->start(answer(here, work, done)); });
    co_return co_await done;
  }
  Task<void> run(Loop& here, std::function<Task<void>()> work) {
    std::function<Task<bool>()> and_say = [&] { return finish(work); };
    co_await run<bool>(here, std::move(and_say));
  }

  // The same for what needs no waiting.
  template <class T>
  Task<T> call(Loop& here, std::function<T()> work) {
    std::function<Task<T>()> as_task = [&] { return start<T>(work); };
    co_return co_await run<T>(here, std::move(as_task));
  }
  Task<void> call(Loop& here, std::function<void()> work) {
    std::function<Task<bool>()> as_task = [&] { return start(work); };
    co_await run<bool>(here, std::move(as_task));
  }

 private:
  template <class T>
  Task<void> answer(Loop& there, const std::function<Task<T>()>& work, Completion<T>& done) {
    std::shared_ptr<T> result;
    {
      // What `work` made ends here, before the caller goes on.
      T value = co_await work();
      result = std::make_shared<T>(std::move(value));
    }
    there.post([&done, result] { done.complete(std::move(*result)); });
  }
  template <class T>
  static Task<T> start(const std::function<T()>& work) {
    co_return work();
  }
  static Task<bool> start(const std::function<void()>& work) {
    work();
    co_return true;
  }
  static Task<bool> finish(const std::function<Task<void>()>& work) {
    co_await work();
    co_return true;
  }

  Loop& loop_;
  std::unique_ptr<TaskGroup> tasks_ = std::make_unique<TaskGroup>();
};

// What one loop sends to another: in the order of sending, and all that one turn of the loop sends
// in one message. Thread: that of `from`.
class Outbox {
 public:
  Outbox(Loop& from, Loop& to) : from_(from), to_(to) {}

  void send(std::function<void()> message) {
    messages_.push_back(std::move(message));
    if (messages_.size() == 1) from_.post([this] { flush(); });
  }

 private:
  void flush() {
    auto sent = std::make_shared<std::vector<std::function<void()>>>(std::exchange(messages_, {}));
    to_.post([sent] {
      for (std::function<void()>& message : *sent) message();
    });
  }

  Loop& from_;
  Loop& to_;
  std::vector<std::function<void()>> messages_;
};

}  // namespace waypost::io
