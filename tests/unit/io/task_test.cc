#include "io/task.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "io/completion.h"
#include "io/task_group.h"

namespace waypost::io {
namespace {

Task<int> one() { co_return 1; }

Task<void> add_up(int times, int64_t& sum) {
  for (int i = 0; i < times; ++i) sum += co_await one();
}

Task<int> depth(int levels) {
  if (levels == 0) co_return 0;
  int below = co_await depth(levels - 1);
  co_return below + 1;
}

// Says when its frame's locals go.
struct Sentinel {
  explicit Sentinel(int& counter) : alive(counter) { ++alive; }
  Sentinel(const Sentinel&) = delete;
  ~Sentinel() { --alive; }
  int& alive;
};

Task<void> wait_below(Completion<int>& signal, int levels, int& alive, int& seen) {
  Sentinel sentinel(alive);
  if (levels > 0)
    co_await wait_below(signal, levels - 1, alive, seen);
  else
    seen = co_await signal;
}

Task<void> store(Task<std::unique_ptr<int>> from, int& into) {
  std::unique_ptr<int> value = co_await std::move(from);
  into = *value;
}
Task<std::unique_ptr<int>> move_only(int value) { co_return std::make_unique<int>(value); }

TEST(Task, does_not_start_before_it_is_awaited) {
  int alive = 0, seen = 0;
  Completion<int> signal;
  {
    Task<void> task = wait_below(signal, 3, alive, seen);
    EXPECT_EQ(alive, 0);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Task, awaits_a_million_finished_tasks_without_using_up_the_stack) {
  int64_t sum = 0;
  TaskGroup group;
  group.start(add_up(1'000'000, sum));
  EXPECT_EQ(sum, 1'000'000);
  EXPECT_EQ(group.running(), 0u);
}

Task<void> store_depth(int levels, int& into) { into = co_await depth(levels); }

TEST(Task, hands_a_value_back_through_many_levels) {
  int reached = 0;
  TaskGroup group;
  group.start(store_depth(1000, reached));
  EXPECT_EQ(reached, 1000);
}

TEST(Task, hands_over_what_can_only_be_moved) {
  int into = 0;
  TaskGroup group;
  group.start(store(move_only(7), into));
  EXPECT_EQ(into, 7);
}

TEST(Task, resumes_the_innermost_and_then_its_awaiters) {
  int alive = 0, seen = 0;
  Completion<int> signal;
  TaskGroup group;
  group.start(wait_below(signal, 3, alive, seen));
  EXPECT_EQ(alive, 4);
  signal.complete(5);
  EXPECT_EQ(seen, 5);
  EXPECT_EQ(alive, 0);
}

TEST(Task, destroys_everything_below_a_suspended_task) {
  int alive = 0, seen = 0;
  Completion<int> signal;
  {
    TaskGroup group;
    group.start(wait_below(signal, 3, alive, seen));
    EXPECT_EQ(alive, 4);
  }
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(seen, 0);
}

TEST(Completion, may_be_complete_before_it_is_awaited) {
  int alive = 0, seen = 0;
  Completion<int> signal;
  signal.complete(9);
  TaskGroup group;
  group.start(wait_below(signal, 0, alive, seen));
  EXPECT_EQ(seen, 9);
}

}  // namespace
}  // namespace waypost::io
