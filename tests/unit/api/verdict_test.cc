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
  mail.of_deferrals = {"Rate limited", "gmail"};
  mail.of_bounces = {"The address does not exist", "gmx"};
  return mail;
}

TEST(VerdictTest, says_in_one_word_how_mail_goes) {
  EXPECT_EQ(judge({}).state, "idle");
  EXPECT_EQ(judge(of_counts(100, 0, 2)).state, "good");
  EXPECT_EQ(judge(of_counts(100, 60, 2)).state, "slow");
  EXPECT_EQ(judge(of_counts(70, 0, 30)).state, "failing");
}

TEST(VerdictTest, calls_a_handful_neither_failing_nor_good_where_some_of_it_bounced) {
  EXPECT_EQ(judge(of_counts(0, 0, 2)).state, "attention");
  EXPECT_EQ(judge(of_counts(0, 0, 2)).text,
            "2 of 2 that ended bounced; too few to judge. Most often at gmx: The address does not "
            "exist.");
  EXPECT_EQ(judge(of_counts(18, 0, 1)).state, "attention");
  EXPECT_EQ(judge(of_counts(19, 0, 1)).state, "attention") << "one in twenty";
  EXPECT_EQ(judge(of_counts(2, 0, 0)).state, "good");
}

TEST(VerdictTest, asks_for_attention_from_five_in_a_hundred_and_calls_ten_failing) {
  EXPECT_EQ(judge(of_counts(951, 0, 49)).state, "good");
  EXPECT_EQ(judge(of_counts(950, 0, 50)).state, "attention");
  EXPECT_EQ(judge(of_counts(901, 0, 99)).state, "attention");
  EXPECT_EQ(judge(of_counts(900, 0, 100)).state, "failing");
}

TEST(VerdictTest, looks_at_each_provider) {
  MailState mail = of_counts(990, 0, 30);
  mail.providers = {{"google", {0, 890, 0, 1}, 0}, {"mx.dead.test", {0, 0, 0, 29}, 0}};
  EXPECT_EQ(judge(mail).state, "attention");
  EXPECT_THAT(judge(mail).text, HasSubstr("At mx.dead.test 100.0 % of what ended was bounced."));
  // One that is a tenth of all mail is enough.
  mail.providers[1].sums = {0, 72, 0, 30};
  EXPECT_EQ(judge(mail).state, "failing");
  // A handful is not.
  mail.providers[1].sums = {0, 0, 0, 19};
  EXPECT_EQ(judge(mail).state, "good");
}

TEST(VerdictTest, a_small_bad_provider_hides_no_large_one) {
  MailState mail = of_counts(930, 0, 70);
  mail.providers = {{"google", {0, 440, 0, 60}, 0},
                    {"mx.tiny.test", {0, 15, 0, 10}, 0},
                    {"others", {0, 475, 0, 0}, 0}};
  EXPECT_EQ(judge(mail).state, "failing");
  EXPECT_EQ(judge(mail).text, "At google 12.0 % of what ended was bounced.");
  // Where nobody fails, all mail is told first.
  mail.providers[0].sums = {0, 455, 0, 45};
  EXPECT_EQ(judge(mail).state, "attention");
  EXPECT_THAT(judge(mail).text, HasSubstr("7.0 % of what ended was bounced. Most often at gmx"));
}

TEST(VerdictTest, says_where_complaints_fail) {
  MailState mail = of_counts(10'000, 0, 0);
  mail.complained = 15;
  mail.providers = {{"yahoo", {0, 2000, 0, 0}, 10}};
  EXPECT_EQ(judge(mail).state, "failing");
  EXPECT_EQ(judge(mail).text, "At yahoo 0.50 % of what was delivered was called unwanted.");
}

TEST(VerdictTest, looks_at_complaints_where_there_are_enough_to_tell) {
  MailState mail = of_counts(3000, 0, 0);
  mail.complained = 2;
  EXPECT_EQ(judge(mail).state, "good");
  mail.complained = 3;
  EXPECT_EQ(judge(mail).state, "attention");
  EXPECT_THAT(judge(mail).text, HasSubstr("0.10 % of what was delivered was called unwanted."));
  mail.complained = 9;
  EXPECT_EQ(judge(mail).state, "failing");
  mail.complained = 2;
  mail.providers = {{"yahoo", {0, 500, 0, 0}, 3}};
  EXPECT_THAT(judge(mail).text, HasSubstr("At yahoo 0.60 %"));
  mail = of_counts(199, 0, 0);
  mail.complained = 3;
  EXPECT_EQ(judge(mail).state, "good");
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
              HasSubstr("30.0 % of what ended was bounced. "
                        "Most often at gmx: The address does not exist."));
  EXPECT_THAT(judge(of_counts(60, 40, 0)).text,
              HasSubstr("40 % of all tries were put off. Most often at gmail: Rate limited."));
}

}  // namespace
}  // namespace waypost::api
