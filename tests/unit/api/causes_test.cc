#include "api/causes.h"

#include <gtest/gtest.h>

namespace waypost::api {
namespace {

using events::EventKind;
using std::chrono::hours;
using std::chrono::minutes;

const WallTime begin{hours(24 * 20'000)};

events::Event event_of(EventKind kind, const std::string& cause, const std::string& site,
                       WallTime at) {
  events::Event event;
  event.kind = kind;
  event.cause.reply_class = cause;
  event.site = site;
  event.at = at;
  event.recipients = {"ann@" + site};
  event.reply = "550 5.1.1 No";
  return event;
}

TEST(CausesTest, counts_by_cause_and_provider_within_a_window) {
  Causes causes;
  causes.heard(event_of(EventKind::bounced, "recipient-unknown", "gmail", begin));
  causes.heard(event_of(EventKind::deferred, "rate-limited", "gmail", begin + minutes(10)));
  causes.heard(event_of(EventKind::bounced, "recipient-unknown", "yahoo", begin + hours(5)));
  causes.heard(event_of(EventKind::delivered, "", "gmail", begin + hours(5)));
  const WallTime now = begin + hours(5);
  const auto of_hour = causes.in(Window::hour, now);
  ASSERT_EQ(of_hour.size(), 1u);
  EXPECT_EQ(of_hour[0].provider, "yahoo");
  EXPECT_EQ(of_hour[0].bounced, 1u);
  EXPECT_EQ(of_hour[0].recipient, "ann@yahoo");
  EXPECT_EQ(causes.in(Window::day, now).size(), 3u);
  EXPECT_EQ(causes.in(Window::week, now + hours(24 * 8)).size(), 0u);
}

TEST(CausesTest, counts_a_bounce_that_came_later_once) {
  Causes causes;
  events::Event late = event_of(EventKind::late_bounced, "recipient-unknown", "gmail", begin);
  late.delivered_at = begin - hours(1);
  causes.heard(late);
  late.delivered_at.reset();
  causes.heard(late);
  const auto all = causes.in(Window::hour, begin);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].bounced, 1u);
}

TEST(CausesTest, shares_a_place_where_there_are_too_many) {
  Causes causes;
  for (int i = 0; i < 1000; ++i)
    causes.heard(event_of(EventKind::bounced, "policy", "site" + std::to_string(i), begin));
  const auto all = causes.in(Window::hour, begin);
  EXPECT_EQ(all.size(), Causes::entries_max + 1);
  uint64_t bounced = 0;
  for (const CauseCount& count : all) bounced += count.bounced;
  EXPECT_EQ(bounced, 1000u);
}

}  // namespace
}  // namespace waypost::api
