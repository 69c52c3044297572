#include "shaping/streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::shaping {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

const StreamTable two({{"otp", 0.6, 0.25}, {"bulk", 0.1, 0}});

TEST(StreamTable, has_one_lane_for_all_mail_without_a_rule) {
  EXPECT_EQ(StreamTable().lane_of("otp"), 0u);
  EXPECT_THAT(StreamTable().shares(), ElementsAre(1));
  EXPECT_EQ(two.lane_of("default"), 0u);
  EXPECT_EQ(two.lane_of("OTP"), 0u);
}

TEST(StreamTable, gives_each_rule_a_lane_and_the_rest_what_is_left) {
  EXPECT_EQ(two.lane_of("otp"), 1u);
  EXPECT_EQ(two.lane_of("bulk"), 2u);
  EXPECT_THAT(two.shares(),
              ElementsAre(DoubleNear(0.3, 1e-9), DoubleNear(0.6, 1e-9), DoubleNear(0.1, 1e-9)));
}

TEST(StreamTable, leaves_the_other_mail_something_even_of_shares_that_take_all) {
  EXPECT_GT(StreamTable({{"otp", 1, 0}}).shares().front(), 0);
}

TEST(StreamTable, is_urgent_where_something_is_kept_free) {
  EXPECT_FALSE(two.is_urgent(0));
  EXPECT_TRUE(two.is_urgent(1));
  EXPECT_FALSE(two.is_urgent(2));
}

TEST(StreamTable, keeps_a_connection_free_but_never_the_only_one) {
  EXPECT_EQ(two.kept_slots(1), 0u);
  EXPECT_EQ(two.kept_slots(2), 1u);
  EXPECT_EQ(two.kept_slots(3), 1u);
  EXPECT_EQ(two.kept_slots(20), 5u);
  EXPECT_EQ(StreamTable({{"otp", 0.5, 0.9}}).kept_slots(3), 2u);
  EXPECT_EQ(StreamTable({{"otp", 0.5, 0}}).kept_slots(20), 0u);
}

}  // namespace
}  // namespace waypost::shaping
