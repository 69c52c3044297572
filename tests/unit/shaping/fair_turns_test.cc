#include "shaping/fair_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::shaping {
namespace {

using testing::ElementsAre;

constexpr auto all = [](size_t) { return true; };
constexpr auto only_first = [](size_t lane) { return lane == 0; };

// The lanes of the next turns.
std::vector<size_t> turns(FairTurns& fair, size_t count,
                          const std::function<bool(size_t)>& may = all) {
  std::vector<size_t> lanes;
  for (size_t i = 0; i < count; ++i) {
    lanes.push_back(*fair.next(may));
    fair.take(lanes.back());
  }
  return lanes;
}

TEST(FairTurns, has_no_turn_for_nobody) {
  FairTurns fair({1, 1});
  EXPECT_FALSE(fair.next([](size_t) { return false; }));
}

TEST(FairTurns, gives_turns_in_the_ratio_of_the_shares) {
  FairTurns fair({0.25, 0.75});
  std::vector<size_t> lanes = turns(fair, 400);
  EXPECT_EQ(std::count(lanes.begin(), lanes.end(), 0u), 100);
}

TEST(FairTurns, spreads_the_turns_of_the_smaller_share) {
  FairTurns fair({0.25, 0.75});
  turns(fair, 4);
  std::vector<size_t> lanes = turns(fair, 40);
  for (size_t i = 0; i + 5 <= lanes.size(); ++i)
    EXPECT_GE(std::count(lanes.begin() + long(i), lanes.begin() + long(i) + 5, 0u), 1);
}

TEST(FairTurns, has_the_larger_share_first_of_those_that_come_together) {
  FairTurns fair({0.1, 0.9});
  EXPECT_EQ(fair.next(all), 1u);
}

TEST(FairTurns, gives_the_next_turn_to_a_lane_that_comes_anew) {
  FairTurns fair({0.9, 0.1});
  turns(fair, 1000, only_first);
  EXPECT_EQ(fair.next(all), 1u);
}

TEST(FairTurns, saves_nothing_up_for_a_lane_that_wanted_nothing) {
  FairTurns fair({0.5, 0.5});
  turns(fair, 1000, only_first);
  EXPECT_THAT(turns(fair, 4), ElementsAre(1u, 0u, 1u, 0u));
}

TEST(FairTurns, does_not_starve_a_lane_behind_one_that_never_rests) {
  FairTurns fair({0.1, 0.9});
  turns(fair, 100, [](size_t lane) { return lane == 1; });
  std::vector<size_t> lanes = turns(fair, 12);
  EXPECT_GE(std::count(lanes.begin(), lanes.end(), 0u), 1);
}

}  // namespace
}  // namespace waypost::shaping
