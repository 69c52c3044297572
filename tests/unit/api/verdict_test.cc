#include "api/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

MailState of_counts(uint64_t delivered, uint64_t deferred, uint64_t bounced) {
  MailState mail;
  mail.sums = {delivered + bounced, delivered, deferred, bounced};
  mail.cause = "Rate limited";
  mail.provider = "gmail";
  return mail;
}

TEST(VerdictTest, says_in_one_word_how_mail_goes) {
  EXPECT_EQ(judge({}).state, "idle");
  EXPECT_EQ(judge(of_counts(100, 0, 2)).state, "good");
  EXPECT_EQ(judge(of_counts(100, 60, 2)).state, "slow");
  EXPECT_EQ(judge(of_counts(70, 0, 30)).state, "failing");
  // Of a handful nothing follows.
  EXPECT_EQ(judge(of_counts(1, 0, 3)).state, "good");
}

TEST(VerdictTest, looks_at_what_waits) {
  MailState mail = of_counts(100, 0, 0);
  mail.waiting = 3;
  mail.oldest_waiting = minutes(20);
  EXPECT_EQ(judge(mail).state, "slow");
  mail = of_counts(0, 5, 0);
  mail.waiting = 3;
  mail.oldest_waiting = hours(5);
  EXPECT_EQ(judge(mail).state, "failing");
  mail.is_paused = true;
  EXPECT_THAT(judge(mail).text, HasSubstr("paused"));
  mail = {};
  mail.waiting = 1;
  EXPECT_EQ(judge(mail).state, "good");
}

TEST(VerdictTest, names_the_cause_and_where) {
  EXPECT_THAT(judge(of_counts(70, 0, 30)).text,
              HasSubstr("30 % of what ended was bounced. Most often at gmail: Rate limited."));
}

}  // namespace
}  // namespace waypost::api
