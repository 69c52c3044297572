#include "events/outcome.h"

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

}  // namespace
}  // namespace waypost::events
