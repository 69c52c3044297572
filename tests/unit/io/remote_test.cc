#include "io/remote.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "io/asio_loop.h"
#include "io/loop_thread.h"

namespace waypost::io {
namespace {

using std::this_thread::get_id;

// This thread's loop, and another one.
class RemoteTest : public testing::Test {
 public:
  void run(Task<void> task) {
    TaskGroup group;
    group.start(then_stop(std::move(task)));
    there_.start();
    here_.run();
    there_.end();
  }
  Task<void> then_stop(Task<void> task) {
    co_await std::move(task);
    here_.stop();
  }
  Task<std::thread::id> thread_after_a_while(Loop& loop) {
    co_await sleep_until(loop, loop.now() + std::chrono::milliseconds(1));
    co_return get_id();
  }
  Task<std::string> long_word(size_t octets) {
    co_await sleep_until(there_.loop(), there_.loop().now());
    co_return std::string(octets, 'x');
  }

  AsioLoop here_;
  LoopThread there_{"test-loop"};
  Remote remote_{there_.loop()};
  Remote home_{here_};
};

TEST_F(RemoteTest, works_there_and_resumes_here) {
  std::thread::id worked;
  std::thread::id resumed;
  auto ask = [](RemoteTest& test, Loop& here, Remote& remote, std::thread::id& worked_on,
                std::thread::id& resumed_on) -> Task<void> {
    std::function<Task<std::thread::id>()> work = [&] {
      return test.thread_after_a_while(remote.loop());
    };
    worked_on = co_await remote.run<std::thread::id>(here, std::move(work));
    resumed_on = get_id();
  };
  run(ask(*this, here_, remote_, worked, resumed));
  EXPECT_NE(worked, get_id());
  EXPECT_EQ(resumed, get_id());
}

TEST_F(RemoteTest, goes_on_at_once_where_both_loops_are_one) {
  bool done = false;
  auto ask = [](Remote& home, Loop& here, bool& is_done) -> Task<void> {
    std::function<void()> work = [&] { is_done = true; };
    co_await home.call(here, std::move(work));
  };
  TaskGroup group;
  group.start(ask(home_, here_, done));
  EXPECT_TRUE(done);
}

// Each of the calls goes there, back here from inside, and out again.
TEST_F(RemoteTest, crosses_both_ways_many_times_at_once) {
  constexpr int calls = 500;
  int answered_here = 0;
  size_t octets = 0;
  auto back = [](RemoteTest& test, int& answered) -> Task<bool> {
    std::function<void()> count = [&] { ++answered; };
    co_await test.home_.call(test.there_.loop(), std::move(count));
    co_return true;
  };
  auto out = [](RemoteTest& test, auto back_home, int& answered, size_t& got) -> Task<void> {
    std::function<Task<bool>()> work = [&] { return back_home(test, answered); };
    co_await test.remote_.run<bool>(test.here_, std::move(work));
    std::function<Task<std::string>()> word = [&] { return test.long_word(1000); };
    std::string answer = co_await test.remote_.run<std::string>(test.here_, std::move(word));
    got += answer.size();
  };
  auto all = [](RemoteTest& test, auto one, auto back_home, int& answered,
                size_t& got) -> Task<void> {
    TaskGroup group;
    for (int i = 0; i < calls; ++i) group.start(one(test, back_home, answered, got));
    co_await group.join();
  };
  run(all(*this, out, back, answered_here, octets));
  EXPECT_EQ(answered_here, calls);
  EXPECT_EQ(octets, calls * 1000u);
}

TEST_F(RemoteTest, sends_in_order_and_a_turn_of_the_loop_together) {
  Outbox outbox(here_, there_.loop());
  std::vector<int> came;
  std::set<std::thread::id> on;
  for (int i = 0; i < 100; ++i)
    outbox.send([&, i] {
      came.push_back(i);
      on.insert(get_id());
    });
  auto ask = [](RemoteTest& test) -> Task<void> {
    // Behind what the turn before sent.
    co_await sleep_until(test.here_, test.here_.now() + std::chrono::milliseconds(1));
    std::function<void()> nothing = [] {};
    co_await test.remote_.call(test.here_, std::move(nothing));
  };
  run(ask(*this));
  ASSERT_EQ(came.size(), 100u);
  EXPECT_TRUE(std::is_sorted(came.begin(), came.end()));
  EXPECT_EQ(on.size(), 1u);
  EXPECT_FALSE(on.contains(get_id()));
}

}  // namespace
}  // namespace waypost::io
