#include "submission/guesses.h"

#include <gtest/gtest.h>

namespace waypost::submission {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const IpAddress guesser = IpAddress::v4({203, 0, 113, 9});
const IpAddress other = IpAddress::v4({198, 51, 100, 7});

IpAddress network(int number) {
  return IpAddress::v4({10, 0, uint8_t(number >> 8), uint8_t(number)});
}

class GuessesTest : public testing::Test {
 protected:
  void fail(const IpAddress& from, const std::string& login = "shop") {
    Guesses::Turn turn = guesses_.take_turn(from, now_);
    guesses_.failed(turn, login, from, now_);
  }
  Duration wait(const IpAddress& from) {
    Guesses::Turn turn = guesses_.take_turn(from, now_);
    guesses_.give_back(turn, from);
    return turn.wait;
  }
  Duration wait_for(const std::string& login, const IpAddress& from) {
    return guesses_.wait_for(login, from, now_);
  }
  Guesses guesses_;
  Instant now_{hours(1)};
};

TEST_F(GuessesTest, costs_nothing_until_somebody_guesses_wrong) {
  for (int i = 0; i < 1000; ++i) {
    Guesses::Turn turn = guesses_.take_turn(guesser, now_);
    EXPECT_EQ(turn.wait, Duration(0));
    guesses_.succeeded(turn, "shop", guesser, now_);
  }
}

TEST_F(GuessesTest, gives_a_guesser_one_check_a_second_however_many_connections_it_has) {
  fail(guesser);
  int checked = 0;
  for (int tick = 0; tick < 600; ++tick, now_ += milliseconds(100))
    for (int connection = 0; connection < 50; ++connection) {
      Guesses::Turn turn = guesses_.take_turn(guesser, now_);
      if (turn.refused) continue;
      EXPECT_GT(turn.wait, Duration(0));
      ++checked;
      guesses_.failed(turn, "shop", guesser, now_ + turn.wait);
    }
  EXPECT_LE(checked, 60 + 11) << "in a minute, and those that still wait";
  EXPECT_EQ(wait(other), Duration(0));
}

TEST_F(GuessesTest, counts_a_turn_before_it_is_used_so_that_hanging_up_gains_nothing) {
  fail(guesser);
  EXPECT_EQ(guesses_.take_turn(guesser, now_).wait, seconds(1));
  EXPECT_EQ(guesses_.take_turn(guesser, now_).wait, seconds(2));
  Guesses::Turn good = guesses_.take_turn(guesser, now_);
  guesses_.succeeded(good, "shop", guesser, now_);
  EXPECT_EQ(wait(guesser), seconds(3)) << "a good login does not count";
}

TEST_F(GuessesTest, refuses_when_too_many_wait_and_recovers) {
  for (int i = 0; i < 11; ++i) fail(guesser);
  EXPECT_TRUE(guesses_.take_turn(guesser, now_).refused);
  now_ += seconds(11);
  EXPECT_EQ(wait(guesser), Duration(0));
}

TEST_F(GuessesTest, shuts_nobody_out_for_long_after_a_burst_and_lets_one_burst_off) {
  const auto burst = [&] {
    std::vector<Guesses::Turn> turns;
    for (int i = 0; i < 250; ++i) turns.push_back(guesses_.take_turn(guesser, now_));
    int checked = 0;
    for (Guesses::Turn& turn : turns) {
      if (turn.refused) continue;
      ++checked;
      guesses_.failed(turn, "shop", guesser, now_ + turn.wait);
    }
    return checked;
  };
  EXPECT_EQ(burst(), 250) << "nobody knew";
  now_ += seconds(11);
  EXPECT_EQ(wait(guesser), Duration(0)) << "whoever else is behind that address";
  int checked = 0;
  for (const Instant end = now_ + minutes(9); now_ < end; now_ += seconds(11)) checked += burst();
  EXPECT_LE(checked, 9 * 60 + 11) << "one a second from then on";
}

TEST_F(GuessesTest, lets_many_log_in_at_once_where_somebody_was_wrong_now_and_then) {
  for (int i = 0; i < 100; ++i) {
    fail(guesser);
    now_ += seconds(2);
  }
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(guesses_.take_turn(guesser, now_).wait, Duration(0)) << "all are under way";
}

TEST_F(GuessesTest, slows_down_many_networks_that_guess_at_one_login_and_not_its_owner) {
  Guesses::Turn turn = guesses_.take_turn(other, now_);
  guesses_.succeeded(turn, "shop", other, now_);
  for (int i = 0; i < 100; ++i) fail(network(i));
  EXPECT_EQ(wait_for("shop", guesser), seconds(3));
  EXPECT_EQ(wait_for("shop", other), Duration(0)) << "it has logged in from there";
  EXPECT_EQ(wait_for("else", guesser), Duration(0));
  now_ += hours(1);
  EXPECT_EQ(wait_for("shop", guesser), Duration(0));
}

TEST_F(GuessesTest, does_not_slow_a_login_down_for_one_network_that_guesses) {
  for (int i = 0; i < 100; ++i) {
    fail(guesser);
    now_ += seconds(1);
  }
  EXPECT_EQ(wait_for("shop", other), Duration(0));
}

}  // namespace
}  // namespace waypost::submission
