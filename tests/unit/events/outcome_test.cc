#include "events/outcome.h"

#include <set>

#include <gtest/gtest.h>

namespace waypost::events {
namespace {

TEST(Outcome, shows_what_they_said_or_what_happened_instead) {
  Outcome outcome;
  outcome.reason = "connection refused";
  EXPECT_EQ(outcome.text(), "connection refused");
  outcome.reply = smtp::reply(550, {5, 1, 1}, "No such user");
  EXPECT_EQ(outcome.text(), "550 5.1.1 No such user");
}

TEST(Phase, has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Phase::content); ++i)
    names.insert(name(static_cast<Phase>(i)));
  EXPECT_EQ(names.size(), 9u);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace waypost::events
