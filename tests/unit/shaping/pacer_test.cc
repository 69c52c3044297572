#include "shaping/pacer.h"

#include <gtest/gtest.h>

namespace waypost::shaping {
namespace {

using namespace std::chrono_literals;

const Instant start(1000s);

TEST(Pacer, lets_everything_through_without_a_rate) {
  Pacer pacer(0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_LE(pacer.next(), start);
    pacer.take(start);
  }
}

TEST(Pacer, spaces_messages_evenly) {
  Pacer pacer(4);
  EXPECT_LE(pacer.next(), start);
  pacer.take(start);
  EXPECT_EQ(pacer.next(), start + 250ms);
  pacer.take(start + 250ms);
  EXPECT_EQ(pacer.next(), start + 500ms);
}

TEST(Pacer, saves_nothing_up_while_nothing_is_sent) {
  Pacer pacer(1);
  pacer.take(start);
  pacer.take(start + 1h);
  EXPECT_EQ(pacer.next(), start + 1h + 1s);
}

TEST(Pacer, gives_turns_one_behind_the_other_to_those_who_take_early) {
  Pacer pacer(2);
  pacer.take(start);
  pacer.take(start);
  pacer.take(start);
  EXPECT_EQ(pacer.next(), start + 1500ms);
}

TEST(Pacer, keeps_the_next_time_unless_the_new_rate_is_faster) {
  Pacer pacer(1);
  pacer.take(start);
  pacer.set_rate(0.01, start);
  EXPECT_EQ(pacer.next(), start + 1s);
  pacer.take(start + 1s);
  EXPECT_EQ(pacer.next(), start + 101s);
  pacer.set_rate(2, start + 5s);
  EXPECT_EQ(pacer.next(), start + 5500ms);
  pacer.set_rate(0, start + 5s);
  EXPECT_EQ(pacer.next(), start + 5s);
}

}  // namespace
}  // namespace waypost::shaping
