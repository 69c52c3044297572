#include "smtp/phase.h"

#include <set>

#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

TEST(Phase, has_a_name_of_its_own_that_is_read_back) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Phase::content); ++i) {
    Phase phase = static_cast<Phase>(i);
    names.insert(name(phase));
    EXPECT_EQ(parse_phase(name(phase)), phase);
  }
  EXPECT_EQ(names.size(), 10u);
}

TEST(Phase, is_read_under_the_names_that_other_programs_use) {
  EXPECT_EQ(parse_phase("ehlo"), Phase::hello);
  EXPECT_EQ(parse_phase("banner"), Phase::greeting);
  EXPECT_EQ(parse_phase("auth"), Phase::login);
  EXPECT_EQ(parse_phase("eod"), Phase::content);
  EXPECT_EQ(parse_phase("lunch"), std::nullopt);
}

}  // namespace
}  // namespace waypost::smtp
