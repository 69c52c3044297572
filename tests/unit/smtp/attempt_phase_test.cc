#include "smtp/attempt_phase.h"

#include <set>

#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

TEST(AttemptPhase, has_a_name_of_its_own_that_is_read_back) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(AttemptPhase::content); ++i) {
    AttemptPhase phase = static_cast<AttemptPhase>(i);
    names.insert(name(phase));
    EXPECT_EQ(parse_phase(name(phase)), phase);
  }
  EXPECT_EQ(names.size(), 11u);
}

TEST(AttemptPhase, is_read_under_the_names_that_other_programs_use) {
  EXPECT_EQ(parse_phase("ehlo"), AttemptPhase::hello);
  EXPECT_EQ(parse_phase("banner"), AttemptPhase::greeting);
  EXPECT_EQ(parse_phase("auth"), AttemptPhase::login);
  EXPECT_EQ(parse_phase("eod"), AttemptPhase::content);
  EXPECT_EQ(parse_phase("lunch"), std::nullopt);
}

}  // namespace
}  // namespace waypost::smtp
