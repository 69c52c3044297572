#include "queue/schedule.h"

#include <gtest/gtest.h>

namespace waypost::queue {
namespace {

using namespace std::chrono_literals;

constexpr RetrySchedule schedule{1min, 2.0, 1h, 0.2};
constexpr double middle = 0.5;

TEST(RetrySchedule, doubles_up_to_the_longest_delay) {
  EXPECT_EQ(schedule.delay(1, middle), 1min);
  EXPECT_EQ(schedule.delay(2, middle), 2min);
  EXPECT_EQ(schedule.delay(6, middle), 32min);
  EXPECT_EQ(schedule.delay(7, middle), 1h);
  EXPECT_EQ(schedule.delay(4'000'000, middle), 1h);
}

TEST(RetrySchedule, spreads_by_the_jitter_to_both_sides) {
  EXPECT_EQ(schedule.delay(1, 0), 48s);
  EXPECT_GT(schedule.delay(1, 0.999), 71s);
  EXPECT_LT(schedule.delay(1, 0.999), 72s);
}

TEST(RetrySchedule, never_tries_again_at_once) {
  EXPECT_GT((RetrySchedule{0s, 1.0, 0s, 0.5}.delay(1, 0)), 0s);
}

}  // namespace
}  // namespace waypost::queue
