#include "io/task_group.h"

#include <deque>

#include <gtest/gtest.h>

namespace waypost::io {
namespace {

Task<void> wait_for(Completion<bool>& signal, int& finished) {
  co_await signal;
  ++finished;
}
Task<void> join(TaskGroup& group, bool& joined) {
  co_await group.join();
  joined = true;
}
Task<void> wait_then_start(Completion<bool>& signal, TaskGroup& group, Completion<bool>& next,
                           int& finished) {
  co_await signal;
  group.start(wait_for(next, finished));
}

TEST(TaskGroup, joins_at_once_when_nothing_runs) {
  TaskGroup group, outer;
  bool joined = false;
  outer.start(join(group, joined));
  EXPECT_TRUE(joined);
}

TEST(TaskGroup, joins_when_the_last_task_is_done) {
  TaskGroup group, outer;
  std::deque<Completion<bool>> signals(3);
  int finished = 0;
  for (auto& signal : signals) group.start(wait_for(signal, finished));
  EXPECT_EQ(group.running(), 3u);
  bool joined = false;
  outer.start(join(group, joined));
  signals[1].complete(true);
  signals[0].complete(true);
  EXPECT_FALSE(joined);
  signals[2].complete(true);
  EXPECT_TRUE(joined);
  EXPECT_EQ(finished, 3);
  EXPECT_EQ(group.running(), 0u);
}

TEST(TaskGroup, waits_for_what_is_started_while_it_joins) {
  TaskGroup group, outer;
  Completion<bool> first, second;
  int finished = 0;
  bool joined = false;
  group.start(wait_then_start(first, group, second, finished));
  outer.start(join(group, joined));
  first.complete(true);
  EXPECT_FALSE(joined);
  second.complete(true);
  EXPECT_TRUE(joined);
  EXPECT_EQ(finished, 1);
}

Task<void> join_and_destroy(std::unique_ptr<TaskGroup>& group) {
  co_await group->join();
  group.reset();
}

TEST(TaskGroup, may_be_destroyed_by_its_joiner) {
  auto group = std::make_unique<TaskGroup>();
  TaskGroup outer;
  Completion<bool> signal;
  int finished = 0;
  group->start(wait_for(signal, finished));
  outer.start(join_and_destroy(group));
  signal.complete(true);
  EXPECT_EQ(finished, 1);
  EXPECT_FALSE(group);
}

TEST(TaskGroup, destroys_what_still_runs) {
  std::deque<Completion<bool>> signals(5);
  int finished = 0;
  {
    TaskGroup group;
    for (auto& signal : signals) group.start(wait_for(signal, finished));
    signals[2].complete(true);
    EXPECT_EQ(group.running(), 4u);
  }
  EXPECT_EQ(finished, 1);
}

TEST(TaskGroup, forgets_each_task_that_ends) {
  TaskGroup group;
  int finished = 0;
  for (int i = 0; i < 100000; ++i) {
    Completion<bool> signal;
    group.start(wait_for(signal, finished));
    signal.complete(true);
  }
  EXPECT_EQ(group.running(), 0u);
  EXPECT_EQ(finished, 100000);
}

}  // namespace
}  // namespace waypost::io
