#include "io/timer.h"

#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "io/rng.h"

namespace waypost::io {
namespace {

using namespace std::chrono_literals;

Instant at(int64_t milliseconds) { return Instant(std::chrono::milliseconds(milliseconds)); }

TEST(TimerQueue, fires_by_time_and_equal_times_by_start) {
  TimerQueue queue;
  std::vector<std::unique_ptr<Timer>> timers;
  std::string fired;
  int64_t times[] = {30, 10, 20, 10, 30};
  for (int i = 0; i < 5; ++i) {
    timers.push_back(std::make_unique<Timer>(queue));
    timers.back()->start(at(times[i]), [&fired, i] { fired += static_cast<char>('0' + i); });
  }
  EXPECT_EQ(queue.next(), at(10));
  EXPECT_EQ(queue.run_due(at(9)), 0u);
  EXPECT_EQ(queue.run_due(at(20)), 3u);
  EXPECT_EQ(fired, "132");
  EXPECT_EQ(queue.next(), at(30));
  EXPECT_EQ(queue.run_due(at(1000)), 2u);
  EXPECT_EQ(fired, "13204");
  EXPECT_EQ(queue.next(), std::nullopt);
}

TEST(TimerQueue, lets_a_callback_cancel_what_is_due_with_it) {
  TimerQueue queue;
  Timer first(queue), second(queue);
  bool fired = false;
  first.start(at(1), [&] { second.cancel(); });
  second.start(at(1), [&] { fired = true; });
  EXPECT_EQ(queue.run_due(at(1)), 1u);
  EXPECT_FALSE(fired);
  EXPECT_FALSE(second.pending());
}

TEST(TimerQueue, runs_what_a_callback_starts_on_the_next_turn) {
  TimerQueue queue;
  Timer timer(queue);
  int fired = 0;
  std::function<void()> again = [&] {
    ++fired;
    timer.start(at(0), again);
  };
  timer.start(at(0), again);
  EXPECT_EQ(queue.run_due(at(5)), 1u);
  EXPECT_EQ(queue.run_due(at(5)), 1u);
  EXPECT_EQ(fired, 2);
}

TEST(TimerQueue, tells_of_an_earlier_time_only) {
  TimerQueue queue;
  int told = 0;
  queue.on_earlier([&] { ++told; });
  Timer a(queue), b(queue), c(queue);
  a.start(at(10), [] {});
  EXPECT_EQ(told, 1);
  b.start(at(20), [] {});
  EXPECT_EQ(told, 1);
  c.start(at(5), [] {});
  EXPECT_EQ(told, 2);
}

TEST(Timer, may_destroy_itself_in_its_callback) {
  TimerQueue queue;
  auto timer = std::make_unique<Timer>(queue);
  timer->start(at(1), [&] { timer.reset(); });
  EXPECT_EQ(queue.run_due(at(1)), 1u);
  EXPECT_FALSE(timer);
}

TEST(Timer, is_cancelled_by_its_destruction_and_replaced_by_a_second_start) {
  TimerQueue queue;
  std::string fired;
  Timer kept(queue);
  {
    Timer gone(queue);
    gone.start(at(1), [&] { fired += 'g'; });
  }
  kept.start(at(1), [&] { fired += 'a'; });
  kept.start(at(2), [&] { fired += 'b'; });
  queue.run_due(at(10));
  EXPECT_EQ(fired, "b");
}

TEST(Timer, lets_go_of_its_callback_when_it_is_cancelled) {
  TimerQueue queue;
  Timer timer(queue);
  auto held = std::make_shared<int>(1);
  timer.start(at(1), [held] {});
  timer.cancel();
  EXPECT_EQ(held.use_count(), 1);
}

// A multimap of (time, order of start) is the reference.
TEST(TimerQueue, agrees_with_a_reference_under_random_use) {
  SeededRng rng(20261121);
  TimerQueue queue;
  constexpr size_t count = 200;
  std::vector<std::unique_ptr<Timer>> timers;
  std::map<std::pair<Instant, uint64_t>, size_t> reference;
  std::vector<std::optional<std::pair<Instant, uint64_t>>> place(count);
  for (size_t i = 0; i < count; ++i) timers.push_back(std::make_unique<Timer>(queue));
  std::vector<size_t> fired, expected;
  uint64_t order = 0;
  int64_t now = 0;
  for (int step = 0; step < 50000; ++step) {
    size_t which = rng.next() % count;
    switch (rng.next() % 4) {
      case 0:
      case 1: {
        if (place[which]) reference.erase(*place[which]);
        Instant when = at(now + static_cast<int64_t>(rng.next() % 100));
        place[which] = {when, order++};
        reference[*place[which]] = which;
        timers[which]->start(when, [&fired, which] { fired.push_back(which); });
        break;
      }
      case 2:
        if (place[which]) reference.erase(*place[which]);
        place[which].reset();
        timers[which]->cancel();
        break;
      default:
        now += static_cast<int64_t>(rng.next() % 8);
        queue.run_due(at(now));
        while (!reference.empty() && reference.begin()->first.first <= at(now)) {
          expected.push_back(reference.begin()->second);
          place[reference.begin()->second].reset();
          reference.erase(reference.begin());
        }
    }
    ASSERT_EQ(timers[which]->pending(), place[which].has_value());
    ASSERT_EQ(queue.next(),
              reference.empty() ? std::nullopt : std::optional(reference.begin()->first.first));
  }
  EXPECT_GT(fired.size(), 5000u);
  EXPECT_EQ(fired, expected);
}

}  // namespace
}  // namespace waypost::io
