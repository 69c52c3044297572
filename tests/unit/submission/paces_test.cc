#include "submission/paces.h"

#include <string>

#include <gtest/gtest.h>

namespace waypost::submission {
namespace {

using std::chrono::seconds;

constexpr Instant start{std::chrono::hours(1)};
constexpr Pace three_then_one_in_ten{seconds(10), 3};

class PacesTest : public testing::Test {
 protected:
  Duration wait(const std::string& key, Duration at = Duration(0)) {
    return paces_.wait(key, three_then_one_in_ten, start + at);
  }
  void use(const std::string& key, Duration at = Duration(0)) {
    paces_.use(key, three_then_one_in_ten, start + at);
  }
  Paces<std::string> paces_{3};
};

TEST_F(PacesTest, lets_a_burst_go_and_then_one_at_a_time) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(wait("a"), Duration(0)) << i;
    use("a");
  }
  EXPECT_EQ(wait("a"), seconds(10));
  EXPECT_EQ(wait("a", seconds(9)), seconds(1));
  EXPECT_EQ(wait("a", seconds(10)), Duration(0));
  use("a", seconds(10));
  EXPECT_EQ(wait("a", seconds(10)), seconds(10));
  EXPECT_EQ(wait("b"), Duration(0)) << "each has its own";
}

TEST_F(PacesTest, has_the_whole_burst_again_after_a_rest) {
  for (int i = 0; i < 3; ++i) use("a");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(wait("a", seconds(30)), Duration(0)) << i;
    use("a", seconds(30));
  }
  EXPECT_EQ(wait("a", seconds(30)), seconds(10));
}

TEST_F(PacesTest, takes_back_what_was_not_done) {
  for (int i = 0; i < 3; ++i) use("a");
  paces_.give_back("a", three_then_one_in_ten);
  EXPECT_EQ(wait("a"), Duration(0));
  paces_.give_back("nobody", three_then_one_in_ten);
}

TEST_F(PacesTest, forgets_who_has_made_up_and_then_who_did_nothing_for_longest) {
  use("a");
  use("b", seconds(20));
  EXPECT_EQ(paces_.size(), 1u) << "a has made up";
  for (const char* key : {"b", "b", "b", "c", "d"}) use(key, seconds(20));
  EXPECT_GT(wait("b", seconds(20)), Duration(0));
  use("c", seconds(20));
  use("b", seconds(20));
  use("e", seconds(20));
  EXPECT_EQ(paces_.size(), 3u);
  EXPECT_GT(wait("b", seconds(20)), Duration(0)) << "d went";
}

TEST_F(PacesTest, never_holds_more_than_it_may) {
  for (int i = 0; i < 10'000; ++i) use(std::to_string(i));
  EXPECT_EQ(paces_.size(), 3u);
}

}  // namespace
}  // namespace waypost::submission
