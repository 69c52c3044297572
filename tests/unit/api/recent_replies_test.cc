#include "api/recent_replies.h"

#include <gtest/gtest.h>

namespace waypost::api {
namespace {

using events::Event;
using events::EventKind;

Event event_of(const std::string& site, int second, EventKind kind = EventKind::deferred) {
  Event event;
  event.kind = kind;
  event.at = WallTime(std::chrono::seconds(second));
  event.site = site;
  event.reply = "450 4.2.1 Later " + std::to_string(second);
  event.recipients = {"ann@example.net", "bob@example.net"};
  event.cause.reply_class = "greylisted";
  event.peer.host = "mx.example.net";
  return event;
}

TEST(RecentReplies, keeps_the_newest_of_a_site_as_they_were_said) {
  RecentReplies replies;
  for (int second = 1; second <= 15; ++second) replies.heard(event_of("a", second));
  const auto& kept = replies.of("a");
  ASSERT_EQ(kept.size(), RecentReplies::replies_max);
  EXPECT_EQ(kept.front().reply, "450 4.2.1 Later 15");
  EXPECT_EQ(kept.back().reply, "450 4.2.1 Later 6");
  EXPECT_EQ(kept.front().kind, "deferred");
  EXPECT_EQ(kept.front().recipient, "ann@example.net");
  EXPECT_EQ(kept.front().recipients, 2u);
  EXPECT_EQ(kept.front().reply_class, "greylisted");
  EXPECT_EQ(kept.front().host, "mx.example.net");
}

TEST(RecentReplies, knows_nothing_of_success_nor_of_what_no_site_said) {
  RecentReplies replies;
  replies.heard(event_of("a", 1, EventKind::delivered));
  replies.heard(event_of("a", 1, EventKind::accepted));
  replies.heard(event_of("", 1, EventKind::bounced));
  EXPECT_TRUE(replies.of("a").empty());
  EXPECT_TRUE(replies.of("").empty());
  replies.heard(event_of("a", 1, EventKind::bounced));
  EXPECT_EQ(replies.of("a").size(), 1u);
}

TEST(RecentReplies, forgets_the_site_that_was_silent_for_longest) {
  RecentReplies replies;
  for (size_t i = 0; i < RecentReplies::sites_max; ++i)
    replies.heard(event_of("site" + std::to_string(i), int(i) + 1));
  replies.heard(event_of("site0", 100'000));
  replies.heard(event_of("new", 100'001));
  EXPECT_TRUE(replies.of("site1").empty());
  EXPECT_EQ(replies.of("site0").size(), 2u);
  EXPECT_EQ(replies.of("site2").size(), 1u);
  EXPECT_EQ(replies.of("new").size(), 1u);
}

}  // namespace
}  // namespace waypost::api
