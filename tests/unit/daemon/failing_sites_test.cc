#include "daemon/failing_sites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::daemon {
namespace {

using events::Event;
using events::EventKind;
using events::Phase;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr auto site = "mx.example.net";

Event outcome(EventKind kind, Phase phase, std::string reply = "no answer") {
  Event event;
  event.kind = kind;
  event.phase = phase;
  event.reply = std::move(reply);
  event.site = site;
  event.recipients = {"ann@example.net"};
  return event;
}

Event failure_at(Phase phase) { return outcome(EventKind::deferred, phase); }

Diagnosis expired() { return {"M3021", 3, "the server's certificate has expired", "renew it"}; }

class FailingSitesTest : public testing::Test {
 public:
  // Whether the last of so many, a minute apart, is the one to look after.
  bool hear(const Event& event, unsigned times = 1) {
    bool is_due = false;
    for (unsigned i = 0; i < times; ++i) {
      now += minutes(1);
      is_due = sites.hear(event, now);
    }
    return is_due;
  }

  FailingSites sites;
  Instant now = Instant() + hours(1);
};

TEST_F(FailingSitesTest, wants_the_third_failure_in_a_row_to_be_looked_at) {
  EXPECT_FALSE(hear(failure_at(Phase::connect)));
  EXPECT_FALSE(hear(failure_at(Phase::tls)));
  EXPECT_TRUE(hear(failure_at(Phase::connect)));
}

TEST_F(FailingSitesTest, begins_anew_once_mail_is_spoken_of) {
  hear(failure_at(Phase::connect), 2);
  hear(outcome(EventKind::deferred, Phase::rcpt, "450 4.2.0 Greylisted"));
  EXPECT_FALSE(hear(failure_at(Phase::connect), 2));
  EXPECT_TRUE(hear(failure_at(Phase::connect)));
}

TEST_F(FailingSitesTest, counts_attempts_side_by_side_once) {
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(sites.hear(failure_at(Phase::connect), now));
  EXPECT_FALSE(hear(failure_at(Phase::connect)));
  EXPECT_TRUE(hear(failure_at(Phase::connect)));
}

TEST_F(FailingSitesTest, leaves_alone_who_says_not_now_and_what_is_our_own_way_out) {
  EXPECT_FALSE(hear(outcome(EventKind::deferred, Phase::greeting, "421 4.7.0 Busy"), 9));
  EXPECT_FALSE(hear(failure_at(Phase::egress), 9));
  EXPECT_FALSE(hear(outcome(EventKind::bounced, Phase::resolve), 9));
  EXPECT_TRUE(hear(outcome(EventKind::deferred, Phase::tls, "454 4.7.0 TLS not available"), 3));
}

TEST_F(FailingSitesTest, looks_once_an_hour_at_most) {
  EXPECT_TRUE(hear(failure_at(Phase::connect), 3));
  sites.look(site, now);
  EXPECT_FALSE(hear(failure_at(Phase::connect), 59));
  EXPECT_TRUE(hear(failure_at(Phase::connect)));
}

TEST_F(FailingSitesTest, tells_what_was_found_of_attempts_that_meet_it) {
  hear(failure_at(Phase::tls), 3);
  sites.note(site, expired());
  const Diagnosis* found = sites.of(failure_at(Phase::tls));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->text(),
            "M3021, the server's certificate has expired: renew it (waypost explain M3021)");
  // Another trouble stands before it.
  EXPECT_EQ(sites.of(failure_at(Phase::connect)), nullptr);
  EXPECT_EQ(sites.of(outcome(EventKind::deferred, Phase::mail, "450 4.7.1 Later")), nullptr);
  EXPECT_NE(sites.of(site, "example.net"), nullptr);
  EXPECT_EQ(sites.of("mx.example.org", "example.net"), nullptr);
}

TEST_F(FailingSitesTest, knows_a_domain_whose_mail_hosts_are_not_known) {
  Event event = failure_at(Phase::resolve);
  event.site.clear();
  event.recipients = {"ann@Example.NET"};
  EXPECT_TRUE(hear(event, 3));
  sites.note("example.net", Diagnosis{"M1003", 1, "DNSSEC of the name is broken", "tell them"});
  EXPECT_NE(sites.of("", "example.net"), nullptr);
  EXPECT_NE(sites.of(event), nullptr);
}

TEST_F(FailingSitesTest, forgets_what_was_said_of_a_name_once_mail_gets_there) {
  Event event = failure_at(Phase::resolve);
  event.site.clear();
  hear(event, 3);
  sites.note("example.net", Diagnosis{"M1003", 1, "DNSSEC of the name is broken", "tell them"});
  hear(failure_at(Phase::connect));
  EXPECT_TRUE(sites.trouble());
  Event delivered = outcome(EventKind::delivered, Phase::content, "250 Ok");
  delivered.recipients = {"eve@Example.NET"};
  hear(delivered);
  EXPECT_FALSE(sites.trouble());
  EXPECT_EQ(sites.of("", "example.net"), nullptr);
}

TEST_F(FailingSitesTest, forgets_what_is_mended_given_up_or_not_wanted) {
  hear(failure_at(Phase::connect), 3);
  sites.note(site, expired());
  EXPECT_THAT(*sites.trouble(), HasSubstr("mx.example.net: M3021"));
  sites.tidy(now + hours(5));
  EXPECT_TRUE(sites.trouble());
  sites.tidy(now + hours(6));
  EXPECT_FALSE(sites.trouble());
  hear(failure_at(Phase::connect), 3);
  sites.note(site, expired());
  hear(outcome(EventKind::delivered, Phase::content, "250 Ok"));
  EXPECT_FALSE(sites.trouble());
  hear(failure_at(Phase::connect), 3);
  sites.note(site, expired());
  sites.note(site, std::nullopt);
  EXPECT_FALSE(sites.trouble());
}

TEST_F(FailingSitesTest, names_three_and_counts_the_others) {
  for (int i = 0; i < 5; ++i) {
    Event event = failure_at(Phase::connect);
    event.site = "mx" + std::to_string(i);
    sites.hear(event, now);
    sites.note(event.site, expired());
  }
  EXPECT_THAT(*sites.trouble(), HasSubstr("mx2: M3021"));
  EXPECT_THAT(*sites.trouble(), Not(HasSubstr("mx3")));
  EXPECT_THAT(*sites.trouble(), HasSubstr("; and 2 more"));
}

TEST_F(FailingSitesTest, holds_so_many_sites_and_no_more) {
  Event event = failure_at(Phase::connect);
  for (size_t i = 0; i < FailingSites::sites_max; ++i) {
    event.site = "mx" + std::to_string(i);
    EXPECT_FALSE(sites.hear(event, now));
  }
  EXPECT_FALSE(hear(failure_at(Phase::connect), 9));
  sites.tidy(now + FailingSites::forgotten_after);
  EXPECT_TRUE(hear(failure_at(Phase::connect), 3));
}

TEST_F(FailingSitesTest, shows_no_control_octets) {
  Diagnosis found = expired();
  found.title = "\x1b[31mred";
  EXPECT_THAT(found.text(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace waypost::daemon
