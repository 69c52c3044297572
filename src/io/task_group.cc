#include "io/task_group.h"

#include <exception>

namespace waypost::io {

// The frame that owns one started task: a node of the group's list, gone when its task is done.
struct TaskGroup::RootPromise {
  TaskGroup* group;
  RootPromise* next = nullptr;
  RootPromise* previous = nullptr;

  RootPromise(TaskGroup& owner, Task<void>&) : group(&owner) {
    next = owner.first_;
    if (next) next->previous = this;
    owner.first_ = this;
    ++owner.running_;
  }
  ~RootPromise() {
    (previous ? previous->next : group->first_) = next;
    if (next) next->previous = previous;
    --group->running_;
  }

  Root get_return_object() noexcept;
  std::suspend_never initial_suspend() const noexcept { return {}; }
  // The frame frees itself here, and only then is the joiner told, so that it sees the group empty.
  auto final_suspend() const noexcept {
    struct Leave {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<RootPromise> done) const noexcept {
        TaskGroup* owner = done.promise().group;
        done.destroy();
        owner->finished();
      }
      void await_resume() const noexcept {}
    };
    return Leave{};
  }
  void return_void() const noexcept {}
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

struct TaskGroup::Root {
  using promise_type = RootPromise;
};

TaskGroup::Root TaskGroup::RootPromise::get_return_object() noexcept { return {}; }

TaskGroup::Root TaskGroup::run_owned(Task<void> task) { co_await std::move(task); }

void TaskGroup::start(Task<void> task) { run_owned(std::move(task)); }

void TaskGroup::finished() {
  if (running_ == 0 && joiner_) std::exchange(joiner_, nullptr)->complete(true);
}

Task<void> TaskGroup::join() {
  while (running_ > 0) {
    CHECK(!joiner_);
    Completion<bool> all_done;
    joiner_ = &all_done;
    co_await all_done;
  }
}

Task<bool> TaskGroup::join_until(Loop& loop, Instant deadline) {
  if (running_ == 0) co_return true;
  CHECK(!joiner_);
  Completion<bool> ended;
  joiner_ = &ended;
  Timer timer(loop.timers());
  timer.start(deadline, [&] {
    joiner_ = nullptr;
    ended.complete(false);
  });
  co_return co_await ended;
}

TaskGroup::~TaskGroup() {
  while (first_) std::coroutine_handle<RootPromise>::from_promise(*first_).destroy();
}

}  // namespace waypost::io
