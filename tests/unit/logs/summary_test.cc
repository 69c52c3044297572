#include "logs/summary.h"

#include <set>

#include <gtest/gtest.h>

#include "classify/shipped_rules.h"
#include "logs/line_reader.h"

namespace waypost::logs {
namespace {

const classify::Classifier& classifier() {
  static const classify::Classifier one(classify::shipped_book());
  return one;
}

void add(Summary& summary, int count, Fate fate, std::string_view host, std::string_view reply,
         std::string_view time = "2026-11-22 03:04:05") {
  for (int i = 0; i < count; ++i) summary.add({fate, time, "ann@example.net", host, reply});
}

TEST(Summary, groups_by_provider_and_cause_the_worst_first) {
  Summary summary(classifier(), {});
  add(summary, 90, Fate::delivered, "mx.example.net", "250 Ok");
  add(summary, 2, Fate::bounced, "mx.example.net", "550 5.1.1 User unknown");
  add(summary, 5, Fate::deferred, "mx.example.org", "452 4.2.2 Mailbox full",
      "2026-11-22 01:00:00");
  add(summary, 3, Fate::deferred, "mx2.example.org", "452 4.2.2 Mailbox full");
  const auto causes = summary.worst_first();
  ASSERT_EQ(causes.size(), 2u);
  EXPECT_EQ(causes[0]->provider, "example.org");
  EXPECT_EQ(causes[0]->deferred, 8u);
  EXPECT_EQ(causes[0]->reading.reply_class, classify::ReplyClass::mailbox_full);
  EXPECT_EQ(causes[0]->first, "2026-11-22 01:00:00");
  EXPECT_EQ(causes[0]->last, "2026-11-22 03:04:05");
  EXPECT_EQ(causes[1]->reading.reply_class, classify::ReplyClass::recipient_unknown);
  EXPECT_EQ(summary.outcomes(), 100u);
  EXPECT_EQ(summary.delivered(), 90u);
}

TEST(Summary, counts_texts_that_differ_only_in_ids_and_addresses_as_one) {
  Summary summary(classifier(), {});
  for (int i = 0; i < 100; ++i) {
    const std::string reply = "550 5.1.1 <u" + std::to_string(i) + "@example.net>: user unknown q" +
                              std::to_string(i * 7919);
    add(summary, 1, Fate::bounced, "mx.example.net", reply);
  }
  ASSERT_EQ(summary.worst_first().size(), 1u);
  EXPECT_EQ(summary.worst_first()[0]->bounced, 100u);
}

TEST(Summary, tells_codes_apart) {
  Summary summary(classifier(), {});
  add(summary, 1, Fate::bounced, "mx.example.net", "550 5.1.1 rejected");
  add(summary, 1, Fate::bounced, "mx.example.net", "552 5.2.2 rejected");
  EXPECT_EQ(summary.worst_first().size(), 2u);
}

TEST(Summary, tells_codes_and_tokens_apart_wherever_they_stand) {
  Summary summary(classifier(), {});
  const char* said[] = {
      "host mx.example.net[192.0.2.1] said: 550-5.1.1 no 550 5.1.1 no",
      "host mx.example.net[192.0.2.1] said: 550-5.2.2 no 550 5.2.2 no",
      "host mx.example.net[192.0.2.1] said: 550 5.2.0 Mail rejected. OFR_506 [506]",
      "host mx.example.net[192.0.2.1] said: 550 5.2.0 Mail rejected. OFR_416 [416]"};
  for (const char* reply : said) add(summary, 1, Fate::bounced, "smtp-in.orange.fr", reply);
  EXPECT_EQ(summary.worst_first().size(), 4u);
}

TEST(Summary, names_the_domain_where_nobody_answered) {
  Summary summary(classifier(), {});
  summary.add({Fate::deferred, "", "ann@Example.net", "", "connect to mx1: Connection timed out"});
  summary.add({Fate::deferred, "", "ann@gmail.com", "", "connect to mx1: Connection timed out"});
  summary.add({Fate::deferred, "", "", "", "connect to mx1: Connection timed out"});
  std::set<std::string> providers;
  for (const Cause* cause : summary.worst_first()) providers.insert(cause->provider);
  EXPECT_EQ(providers, (std::set<std::string>{"example.net", "gmail.com", "postfix"}));
}

TEST(Summary, knows_the_time_of_a_log_that_is_followed_for_days) {
  Wanted wanted;
  wanted.now = *base::parse_rfc3339("2026-11-22T04:00:00Z");
  wanted.since = *base::parse_rfc3339("2026-11-22T03:00:00Z");
  Summary summary(classifier(), wanted);
  summary.set_now(*base::parse_rfc3339("2026-11-25T04:00:00Z"));
  add(summary, 1, Fate::bounced, "mx.example.net", "550 5.1.1 no", "Nov 25 03:59:59");
  EXPECT_EQ(summary.outcomes(), 1u);
}

TEST(Summary, counts_only_what_is_wanted) {
  Wanted wanted;
  wanted.now = *base::parse_rfc3339("2026-11-22T04:00:00Z");
  wanted.since = *base::parse_rfc3339("2026-11-22T03:00:00Z");
  Summary recent(classifier(), wanted);
  add(recent, 1, Fate::bounced, "mx.example.net", "550 5.1.1 no", "2026-11-22 02:59:59");
  add(recent, 1, Fate::bounced, "mx.example.net", "550 5.1.1 no", "2026-11-22 03:00:00");
  EXPECT_EQ(recent.outcomes(), 1u);
  Wanted google;
  google.provider = "google";
  Summary one(classifier(), google);
  add(one, 3, Fate::delivered, "gmail-smtp-in.l.google.com", "250 Ok");
  add(one, 1, Fate::bounced, "gmail-smtp-in.l.google.com", "550 5.1.1 no such user");
  add(one, 5, Fate::bounced, "mx.example.net", "550 5.1.1 no such user");
  EXPECT_EQ(one.outcomes(), 4u);
}

TEST(Summary, takes_back_what_is_told_again) {
  Wanted wanted;
  wanted.now = *base::parse_rfc3339("2026-11-22T04:00:00Z");
  wanted.since = *base::parse_rfc3339("2026-11-22T03:00:00Z");
  Summary summary(classifier(), wanted);
  add(summary, 1, Fate::delivered, "127.0.0.1", "", "2026-11-22 02:59:59");
  add(summary, 2, Fate::delivered, "127.0.0.1", "", "2026-11-22 03:00:00");
  // Of one that was not counted, and of one that was.
  add(summary, 1, Fate::told_again, "127.0.0.1", "", "2026-11-22 02:59:59");
  add(summary, 1, Fate::told_again, "127.0.0.1", "", "2026-11-22 03:00:00");
  EXPECT_EQ(summary.delivered(), 1u);
  EXPECT_EQ(summary.left_out(), 1u);
}

}  // namespace
}  // namespace waypost::logs
