#include "io/worker.h"

#include <atomic>
#include <future>
#include <sys/eventfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/asio_loop.h"
#include "io/task_group.h"

namespace waypost::io {
namespace {

TEST(Worker, runs_in_the_order_of_submission_and_all_before_it_ends) {
  std::vector<int> done;
  {
    Worker worker("test");
    for (int i = 0; i < 1000; ++i) worker.submit([&done, i] { done.push_back(i); });
  }
  ASSERT_EQ(done.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
}

TEST(Worker, runs_what_its_own_work_submits) {
  std::atomic<int> done = 0;
  {
    Worker worker("test");
    worker.submit([&] {
      ++done;
      worker.submit([&] { ++done; });
    });
  }
  EXPECT_EQ(done, 2);
}

TEST(Worker, waits_for_what_was_submitted) {
  Worker worker("test");
  int done = 0;
  for (int i = 0; i < 10; ++i)
    worker.submit([&done] {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++done;
    });
  worker.finish();
  EXPECT_EQ(done, 10);
}

TEST(Worker, runs_delayed_work_when_it_is_due) {
  Worker worker("test");
  SystemClock clock;
  std::promise<Instant> late, early;
  Instant start = clock.now();
  // By its own thread, which runs neither before it knows of both.
  worker.submit([&] {
    worker.submit_after(std::chrono::milliseconds(60), [&] { late.set_value(clock.now()); });
    worker.submit_after(std::chrono::milliseconds(20), [&] { early.set_value(clock.now()); });
  });
  Instant early_at = early.get_future().get();
  Instant late_at = late.get_future().get();
  EXPECT_GE(early_at - start, std::chrono::milliseconds(20));
  EXPECT_GE(late_at - start, std::chrono::milliseconds(60));
  EXPECT_LT(early_at, late_at);
}

TEST(Worker, does_not_wait_for_delayed_work_when_it_ends_but_runs_it) {
  SystemClock clock;
  Instant start = clock.now();
  bool done = false;
  {
    Worker worker("test");
    worker.submit_after(std::chrono::hours(1), [&] { done = true; });
  }
  EXPECT_TRUE(done);
  EXPECT_LT(clock.now() - start, std::chrono::minutes(1));
}

Task<void> ask(Worker& worker, AsioLoop& loop, std::thread::id& worked_on, int& answer,
               bool& back_on_loop) {
  std::thread::id home = std::this_thread::get_id();
  answer = co_await run_on<int>(worker, loop, [&worked_on] {
    worked_on = std::this_thread::get_id();
    return 42;
  });
  back_on_loop = std::this_thread::get_id() == home;
  loop.stop();
}

TEST(Worker, answers_on_the_loop_that_asked) {
  AsioLoop loop;
  Worker worker("test");
  TaskGroup group;
  std::thread::id worked_on;
  int answer = 0;
  bool back_on_loop = false;
  group.start(ask(worker, loop, worked_on, answer, back_on_loop));
  loop.run();
  EXPECT_EQ(answer, 42);
  EXPECT_TRUE(back_on_loop);
  EXPECT_NE(worked_on, std::this_thread::get_id());
  EXPECT_NE(worked_on, std::thread::id());
}

TEST(ReadableWatch, calls_when_there_is_something_to_read) {
  int descriptor = eventfd(0, EFD_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  std::mutex mutex;
  std::condition_variable changed;
  int calls = 0;
  {
    ReadableWatch watch(descriptor, [&] {
      uint64_t value;
      ASSERT_EQ(read(descriptor, &value, sizeof value), ssize_t{sizeof value});
      std::lock_guard lock(mutex);
      ++calls;
      changed.notify_one();
    });
    for (int expected = 1; expected <= 3; ++expected) {
      uint64_t one = 1;
      ASSERT_EQ(write(descriptor, &one, sizeof one), ssize_t{sizeof one});
      std::unique_lock lock(mutex);
      EXPECT_TRUE(
          changed.wait_for(lock, std::chrono::seconds(10), [&] { return calls == expected; }));
    }
  }
  EXPECT_EQ(calls, 3);
  close(descriptor);
}

}  // namespace
}  // namespace waypost::io
