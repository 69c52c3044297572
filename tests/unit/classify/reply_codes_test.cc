#include "classify/reply_codes.h"

#include <gtest/gtest.h>

namespace waypost::classify {
namespace {

using namespace std::chrono_literals;

struct CodesCase {
  std::string_view text;
  std::string_view reply;
  std::string_view enhanced;
};

void expect_codes(const std::vector<CodesCase>& cases) {
  for (const CodesCase& c : cases) {
    ReplyCodes codes = find_codes(c.text);
    EXPECT_EQ(codes.reply, c.reply) << c.text;
    EXPECT_EQ(codes.enhanced, c.enhanced) << c.text;
  }
}

TEST(FindCodes, reads_a_reply) {
  expect_codes({
      {"550 5.1.1 user unknown", "550", "5.1.1"},
      {"550", "550", ""},
      {"421 later", "421", ""},
      {"250 2.0.0 ok", "250", "2.0.0"},
      {"550 #5.1.0 address rejected", "550", "5.1.0"},
      {"550-5.7.1 no", "550", "5.7.1"},
      {"571 delivery not authorized", "571", ""},
      {"550 user unknown (5.1.1)", "550", "5.1.1"},
      {"550: no", "550", ""},
      {"", "", ""},
      {"no", "", ""},
  });
}

TEST(FindCodes, finds_a_reply_in_what_a_program_says_around_it) {
  expect_codes({
      {"host {host}[{ip}] said: 550 5.1.1 <{addr}>: no (in reply to rcpt to command)", "550",
       "5.1.1"},
      {"smtp error from remote mail server after rcpt to:<{addr}>: 550 no", "550", ""},
      {"smtp; 452 4.2.2 full", "452", "4.2.2"},
      {"server returned '554 5.7.1 no'", "554", "5.7.1"},
      {"error code 535 login failed", "535", ""},
      {"(535, b'5.7.8 no')", "535", "5.7.8"},
      {"status=bounced (554 no)", "554", ""},
      {"remote server got 451 back", "451", ""},
  });
}

TEST(FindCodes, takes_no_other_number_for_a_code) {
  expect_codes({
      {"limit 500 reached", "", ""},
      {"more than 250 recipients", "", ""},
      {"port 587 is closed", "", ""},
      {"error: 650 no", "", ""},
      {"error: 5501 no", "", ""},
      {"error: 554.30 no", "", ""},
      {"ticket ofr_416 no", "", ""},
      {"350 enter data", "", ""},
      {"error: 599 no", "", ""},
      {"150 no", "", ""},
  });
}

TEST(FindCodes, takes_an_enhanced_code_by_itself) {
  expect_codes({
      {"5.1.1 user unknown", "", "5.1.1"},
      {"status: 4.4.7", "", "4.4.7"},
      {"user unknown (#5.1.1)", "", "5.1.1"},
      {"dsn=5.7.606,x", "", "5.7.606"},
      {"3.1.1 no", "", ""},
      {"5.1.1.10 no", "", ""},
      {"5.1.1234 no", "", ""},
      {"v5.1.1 no", "", ""},
      {"5.1 no", "", ""},
      {"5.1.1a no", "", ""},
  });
}

TEST(FindCodes, tells_the_first_digit_by_the_reply_code_where_the_two_disagree) {
  EXPECT_EQ(find_codes("550 4.4.7 expired").first_digit(), '5');
  EXPECT_EQ(find_codes("4.4.7 expired").first_digit(), '4');
  EXPECT_EQ(find_codes("250 ok").first_digit(), '2');
  EXPECT_EQ(find_codes("no").first_digit(), '\0');
}

TEST(FindWait, reads_the_time_that_a_server_names) {
  struct Case {
    std::string_view text;
    std::chrono::seconds wait;
  };
  for (const Case& c : std::vector<Case>{
           {"451 Greylisted, please try again in 5 minutes", 5min},
           {"Try Again In 300 Seconds", 300s},
           {"retry after 1 hour", 1h},
           {"Greylisting in action, come back in 00:05:00", 5min},
           {"greylisted for 01:02:03", 1h + 2min + 3s},
           {"please wait 30s", 30s},
           {"retry in 2 days", 48h},
           {"try again later (10 min)", 10min},
           {"Wait 60 seconds and try again", 60s},
           {"after 10 minutes then try again", 10min},
           {"retry-after: 120 secs", 120s},
           {"Greylisting: noch 5 Minuten", 5min},
           {"wait 7 days", 168h},
       })
    EXPECT_EQ(find_wait(c.text), c.wait) << c.text;
}

TEST(FindWait, takes_no_other_time_for_a_wait) {
  for (std::string_view text : {
           "try again later",
           "",
           "550 5.1.1 no such user",
           "retry time not reached. 5 minutes",
           "gave up after 4 hours of trying",
           "message expired after 4 hours of trying",
           "message was delayed; undeliverable after 5 days",
           "retry timeout exceeded after 5 days",
           "retry time expired 4 hours ago",
           "deferred: connection timed out after 30 seconds",
           "try again at 12:00:00",
           "later than 2026-11-21 08:07:06",
           "greylisted until 08:07:06 UTC",
           "wait 0 seconds",
           "wait 8 days",
           "try again in 200 hours",
           "try again in 9999999 seconds",
           "more than 20 messages in 10 minutes",
           "come back in 5 fortnights",
       })
    EXPECT_EQ(find_wait(text), std::nullopt) << text;
}

}  // namespace
}  // namespace waypost::classify
