#pragma once

#include <cstddef>

#include "io/completion.h"
#include "io/loop.h"
#include "io/task.h"

namespace waypost::io {

// The only place where a task runs without being awaited at once: the group owns it.
// Destroying the group destroys what still runs, as a crash would; a graceful end joins first.
// Thread: one loop.
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // Runs `task` until its first suspension, then returns.
  void start(Task<void> task);
  size_t running() const { return running_; }
  // Suspends until nothing runs any more, including what is started meanwhile. One joiner.
  Task<void> join();
  // The same with a limit; false when something still runs at `deadline`.
  Task<bool> join_until(Loop& loop, Instant deadline);

 private:
  struct Root;
  Root run_owned(Task<void> task);
  void finished();

  struct RootPromise;
  RootPromise* first_ = nullptr;
  size_t running_ = 0;
  Completion<bool>* joiner_ = nullptr;
};

}  // namespace waypost::io
