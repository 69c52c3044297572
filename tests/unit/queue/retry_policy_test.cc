#include "queue/retry_policy.h"

#include <gtest/gtest.h>

namespace waypost::queue {
namespace {

using namespace std::chrono_literals;
using classify::ReplyClass;
using smtp::AttemptPhase;

constexpr RetrySchedule schedule{1min, 2.0, 1h, 0};
const Instant start{std::chrono::hours(10)};

RetryQuestion about(ReplyClass reply_class, AttemptPhase phase = AttemptPhase::rcpt) {
  RetryQuestion question;
  question.reply_class = reply_class;
  question.phase = phase;
  return question;
}

Duration wait(const RetryQuestion& question, unsigned attempts) {
  return retry_wait(schedule, question, attempts, 0.5);
}

TEST(RetryPolicy, waits_by_the_schedule_where_the_class_says_nothing) {
  EXPECT_EQ(wait(about(ReplyClass::system_error), 1), 1min);
  EXPECT_EQ(wait(about(ReplyClass::unknown), 3), 4min);
  EXPECT_EQ(wait(about(ReplyClass::unknown), 30), 1h);
}

TEST(RetryPolicy, lets_greylisting_pass_before_it_comes_back) {
  EXPECT_EQ(wait(about(ReplyClass::greylisted), 1), 5min);
  EXPECT_EQ(wait(about(ReplyClass::greylisted), 2), 5min);
  EXPECT_EQ(wait(about(ReplyClass::greylisted), 3), 4min);
}

TEST(RetryPolicy, leaves_a_full_mailbox_alone_for_as_long_as_it_may) {
  EXPECT_EQ(wait(about(ReplyClass::mailbox_full), 1), 1h);
  RetrySchedule quick{1s, 2.0, 10s, 0};
  EXPECT_EQ(retry_wait(quick, about(ReplyClass::mailbox_full), 1, 0.5), 10s);
}

TEST(RetryPolicy, keeps_a_named_wait_up_to_the_longest) {
  RetryQuestion question = about(ReplyClass::greylisted);
  question.named = 20min;
  EXPECT_EQ(wait(question, 1), 20min);
  question.named = 48h;
  EXPECT_EQ(wait(question, 1), 1h);
}

TEST(RetryPolicy, asks_the_whole_site_only_for_what_is_about_the_whole_site) {
  EXPECT_EQ(site_measure(about(ReplyClass::rate_limited)), SiteMeasure::slow);
  EXPECT_EQ(site_measure(about(ReplyClass::too_many_connections, AttemptPhase::greeting)),
            SiteMeasure::slow);
  EXPECT_EQ(site_measure(about(ReplyClass::blocklisted_ip)), SiteMeasure::stop);
  EXPECT_EQ(site_measure(about(ReplyClass::auth_failed, AttemptPhase::login)), SiteMeasure::stop);
  EXPECT_EQ(site_measure(about(ReplyClass::mailbox_full)), SiteMeasure::none);
  RetryQuestion unreachable = about(ReplyClass::network_timeout, AttemptPhase::connect);
  unreachable.concerns_site = true;
  EXPECT_EQ(site_measure(unreachable), SiteMeasure::probe);
}

TEST(RetryPolicy, asks_nothing_of_a_site_that_our_own_way_out_did_not_reach) {
  for (ReplyClass reply_class :
       {ReplyClass::auth_failed, ReplyClass::rate_limited, ReplyClass::network_timeout})
    EXPECT_EQ(site_measure(about(reply_class, AttemptPhase::egress)), SiteMeasure::none);
  EXPECT_TRUE(met_nobody(AttemptPhase::egress));
  EXPECT_FALSE(met_nobody(AttemptPhase::connect));
}

TEST(RetryPolicy, spares_a_site_for_what_one_mailbox_gets_too_much_of) {
  RetryQuestion question = about(ReplyClass::rate_limited);
  question.enhanced = smtp::EnhancedCode{4, 2, 1};
  EXPECT_EQ(site_measure(question), SiteMeasure::none);
}

TEST(RetryPolicy, takes_a_refusal_of_one_message_for_no_more_than_that) {
  RetryQuestion question = about(ReplyClass::poor_reputation, AttemptPhase::content);
  question.deferred = false;
  EXPECT_EQ(site_measure(question), SiteMeasure::none);
  question.phase = AttemptPhase::mail;
  EXPECT_EQ(site_measure(question), SiteMeasure::stop);
}

TEST(RetryPolicy, tries_several_times_before_a_deadline) {
  const RetryQuestion plain = about(ReplyClass::unknown);
  Duration age = 0s;
  unsigned attempts = 1;
  for (; age < 10min && attempts < 100; ++attempts)
    age += retry_wait_before(schedule, plain, attempts, 0.5, 10min - age);
  EXPECT_GE(attempts, 6u);
  EXPECT_LE(attempts, 15u) << "and does not hammer at them";
  EXPECT_EQ(retry_wait_before(schedule, plain, 1, 0.5, 10min), 1min) << "as any other mail";
  EXPECT_EQ(retry_wait_before(schedule, plain, 5, 0, 6min), 2min);
}

TEST(RetryPolicy, asks_a_greylister_again_before_the_deadline) {
  EXPECT_LE(retry_wait_before(schedule, about(ReplyClass::greylisted), 1, 0.5, 6min), 2min);
}

TEST(RetryPolicy, keeps_a_named_wait_that_ends_before_the_deadline) {
  RetryQuestion named = about(ReplyClass::greylisted);
  named.named = 5min;
  EXPECT_EQ(retry_wait_before(schedule, named, 1, 0.5, 6min), 5min);
  EXPECT_LE(retry_wait_before(schedule, named, 1, 0.5, 5min), 2min);
}

TEST(RetryPolicy, waits_no_longer_before_a_deadline_since_a_short_wait_was_named) {
  RetryQuestion named = about(ReplyClass::rate_limited);
  named.named = 20s;
  EXPECT_LE(retry_wait_before(schedule, named, 9, 0.5, 2h), 40min);
  EXPECT_EQ(retry_wait_before(schedule, named, 9, 0.5, 30s), 20s);
}

TEST(RetryPolicy, waits_some_seconds_at_least_before_a_deadline) {
  const RetryQuestion plain = about(ReplyClass::unknown);
  EXPECT_EQ(retry_wait_before(schedule, plain, 9, 0, 3s), 10s) << "which is too late, and said so";
}

TEST(SiteHealth, probes_what_cannot_be_reached_after_growing_pauses) {
  SiteHealth health;
  health.complain(SiteMeasure::probe, {"refused"}, {}, schedule, start, 0.5);
  EXPECT_EQ(health.shut_until(), start + 1min);
  EXPECT_EQ(health.connections(20), 1u);
  // Side by side is once.
  health.complain(SiteMeasure::probe, {"refused"}, {}, schedule, start + 1s, 0.5);
  EXPECT_EQ(health.troubles(), 1u);
  health.complain(SiteMeasure::probe, {"refused"}, {}, schedule, start + 1min, 0.5);
  EXPECT_EQ(health.shut_until(), start + 3min);
  for (int i = 0; i < 10; ++i)
    health.complain(SiteMeasure::probe, {"refused"}, {}, schedule, health.shut_until(), 0.5);
  EXPECT_LE(health.shut_until() - start, 11 * 5min + 3min);
  health.please(start + 2h);
  EXPECT_EQ(health.connections(20), 20u);
  EXPECT_EQ(health.troubles(), 0u);
}

TEST(SiteHealth, halves_the_connections_and_gives_them_back_step_by_step) {
  SiteHealth health;
  health.complain(SiteMeasure::slow, {"slow down"}, {}, schedule, start, 0.5);
  EXPECT_EQ(health.connections(20), 10u);
  health.complain(SiteMeasure::slow, {"slow down"}, {}, schedule, start + 1min, 0.5);
  EXPECT_EQ(health.connections(20), 5u);
  Instant again = health.shut_until();
  health.please(again + 1s);
  EXPECT_EQ(health.connections(20), 5u);
  health.please(again + 1min);
  EXPECT_EQ(health.connections(20), 10u);
  health.please(again + 90s);
  EXPECT_EQ(health.connections(20), 10u);
  health.please(again + 2min);
  EXPECT_EQ(health.connections(20), 20u);
}

TEST(SiteHealth, remembers_since_when_and_by_which_words_it_was_slowed_down) {
  SiteHealth health;
  EXPECT_EQ(health.slowed_by(), "");
  health.complain(SiteMeasure::slow, {"451 slow down"}, {}, schedule, start, 0.5);
  health.please(health.shut_until() + 1s);
  EXPECT_EQ(health.measure(), SiteMeasure::none);
  health.complain(SiteMeasure::probe, {"refused"}, {}, schedule, start + 2min, 0.5);
  EXPECT_EQ(health.slowed_since(), start);
  EXPECT_EQ(health.slowed_by(), "451 slow down") << "and not by what followed";
  health.please(health.shut_until() + 1min);
  EXPECT_EQ(health.slowed_by(), "");
}

TEST(SiteHealth, never_takes_the_last_connection) {
  SiteHealth health;
  for (int i = 0; i < 100; ++i)
    health.complain(SiteMeasure::slow, {"slow down"}, {}, schedule, health.shut_until() + 1s, 0.5);
  EXPECT_EQ(health.connections(20), 1u);
}

TEST(SiteHealth, stays_shut_whatever_the_others_that_were_under_way_come_to) {
  SiteHealth health;
  health.complain(SiteMeasure::stop, {"listed"}, {}, schedule, start, 0.5);
  EXPECT_EQ(health.shut_until(), start + 10min);
  health.please(start + 1s);
  EXPECT_EQ(health.shut_until(), start + 10min);
  EXPECT_EQ(health.connections(20), 1u);
}

TEST(SiteHealth, keeps_shut_for_a_named_time_up_to_the_longest) {
  SiteHealth health;
  health.complain(SiteMeasure::slow, {"come back in 30 minutes"}, 30min, schedule, start, 0.5);
  EXPECT_EQ(health.shut_until(), start + 30min);
  SiteHealth patient;
  patient.complain(SiteMeasure::slow, {"come back in a year"}, 9000h, schedule, start, 0.5);
  EXPECT_EQ(patient.shut_until(), start + 1h);
}

}  // namespace
}  // namespace waypost::queue
