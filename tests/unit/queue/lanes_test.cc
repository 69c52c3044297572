#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/queue/queue_fixture.h"

// What waits at a site together: whose turn it is, and what is kept free for whom.
namespace waypost::queue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct LanesTest : QueueTest {
  LanesTest() {
    limits.connections.value = 1;
    courier.takes = 100ms;
    streams = {{"otp", 0.75, 0.25}};
    make();
  }
  void accept_on(const std::string& stream, size_t count = 1, std::string address = "a@x.test",
                 Duration lives = 1h, bool has_deadline = false) {
    for (size_t i = 0; i < count; ++i) {
      spool::Envelope made = envelope({address}, lives);
      made.stream = stream;
      made.has_deadline = has_deadline;
      accept(std::move(made));
    }
  }
  size_t started_on(const std::string& stream) const {
    return size_t(std::count(courier.streams.begin(), courier.streams.end(), stream));
  }
  std::vector<Standing> waiting(const std::string& stream) const {
    std::vector<Standing> found;
    queue->visit_standings([&](const Standing& standing) {
      if (standing.stream == stream) found.push_back(standing);
      return true;
    });
    return found;
  }
};

TEST_F(LanesTest, gives_the_next_turn_to_urgent_mail_however_much_waits) {
  accept_on("bulk", 1000);
  world.run_for(1s);
  const size_t before = courier.streams.size();
  accept_on("otp");
  world.run_for(250ms);
  ASSERT_GE(courier.streams.size(), before + 2);
  // One bulk message was under way, over the only connection.
  EXPECT_EQ(
      std::find(courier.streams.begin(), courier.streams.end(), "otp") - courier.streams.begin(),
      long(before));
}

TEST_F(LanesTest, leaves_other_mail_its_share_of_a_site_that_urgent_mail_would_fill) {
  accept_on("bulk", 300);
  accept_on("otp", 300);
  world.run_for(20s);
  EXPECT_GE(courier.streams.size(), 150u);
  EXPECT_NEAR(double(started_on("bulk")) / double(courier.streams.size()), 0.25, 0.03);
}

TEST_F(LanesTest, leaves_all_of_it_to_whoever_is_there) {
  accept_on("bulk", 10);
  world.run_for(5s);
  EXPECT_EQ(started_on("bulk"), 10u);
}

TEST_F(LanesTest, keeps_a_connection_free_for_urgent_mail) {
  limits.connections.value = 4;
  make();
  courier.takes = 1h;
  accept_on("bulk", 10);
  world.run_for(1s);
  EXPECT_EQ(started_on("bulk"), 3u);
  accept_on("otp", 3);
  world.run_for(1s);
  EXPECT_EQ(started_on("bulk"), 3u);
  EXPECT_EQ(started_on("otp"), 1u);
  EXPECT_THAT(waiting("bulk").back().reason, HasSubstr("or kept free for urgent mail (1)"));
  EXPECT_THAT(waiting("otp").back().reason, Not(HasSubstr("kept free")));
}

TEST_F(LanesTest, gives_other_mail_the_only_connection) {
  accept_on("bulk");
  world.run_for(1s);
  EXPECT_EQ(started_on("bulk"), 1u);
}

TEST_F(LanesTest, keeps_a_part_of_the_pace_free_and_keeps_to_all_of_it) {
  limits.connections.value = 10;
  limits.messages_per_second.value = 1;
  make();
  accept_on("bulk", 200);
  world.run_for(100s);
  EXPECT_NEAR(double(started_on("bulk")), 75, 2);
  accept_on("otp", 200);
  world.run_for(100s);
  for (size_t i = 1; i < courier.started.size(); ++i)
    EXPECT_GE(courier.started[i] - courier.started[i - 1], 1s);
  EXPECT_NEAR(double(started_on("otp")), 75, 3);
}

TEST_F(LanesTest, leaves_the_last_part_of_an_hours_messages_to_urgent_mail) {
  limits.messages_per_hour = {8, "waypost.toml:7"};
  make();
  accept_on("bulk", 20);
  world.run_for(10min);
  EXPECT_EQ(started_on("bulk"), 6u);
  EXPECT_THAT(waiting("bulk").front().reason,
              HasSubstr("8 messages an hour, of which 25 % are kept free for urgent mail, it has "
                        "had 6"));
  accept_on("otp", 3);
  world.run_for(10min);
  EXPECT_EQ(started_on("otp"), 2u);
  EXPECT_THAT(waiting("otp").front().reason, Not(HasSubstr("kept free")));
}

TEST_F(LanesTest, says_which_part_of_the_pace_is_kept_free) {
  limits.messages_per_second.value = 1;
  make();
  accept_on("bulk", 5);
  world.run_for(100ms);
  EXPECT_THAT(waiting("bulk").back().reason,
              HasSubstr("of which 25 % are kept free for urgent mail"));
}

TEST_F(LanesTest, names_an_urgent_message_before_those_that_connected_late) {
  limits.connections.value = 10;
  limits.messages_per_second.value = 1;
  make();
  courier.connects_in = 5500ms;
  accept_on("bulk", 20);
  world.run_for(5400ms);
  courier.connects_in = 0ms;
  accept_on("otp");
  // They all have connected now, and are named one a second.
  world.run_for(3s);
  ASSERT_EQ(started_on("otp"), 1u);
  EXPECT_LE(
      std::find(courier.streams.begin(), courier.streams.end(), "otp") - courier.streams.begin(),
      1);
  for (size_t i = 1; i < courier.started.size(); ++i)
    EXPECT_GE(courier.started[i] - courier.started[i - 1], 1s);
}

TEST_F(LanesTest, has_the_earliest_deadline_first_then_the_order_of_coming) {
  courier.takes = 1s;
  accept_on("otp", 1, "first@x.test");
  world.run_for(100ms);
  accept_on("otp", 1, "second@x.test");
  accept_on("otp", 1, "third@x.test", 30min);
  accept_on("otp", 1, "late@x.test", 10min, true);
  accept_on("otp", 1, "early@x.test", 5min, true);
  world.run_for(10s);
  EXPECT_THAT(courier.first_recipients, ElementsAre("first@x.test", "early@x.test", "late@x.test",
                                                    "second@x.test", "third@x.test"));
}

TEST_F(LanesTest, keeps_recipients_of_one_message_together) {
  accept_on("otp", 1, "first@x.test");
  world.run_for(20ms);
  spool::Envelope made = envelope({"a@x.test", "b@x.test", "c@x.test"}, 10min);
  made.stream = "otp";
  made.has_deadline = true;
  accept(std::move(made));
  accept_on("otp", 1, "d@x.test", 5min, true);
  world.run_for(10s);
  EXPECT_THAT(courier.recipients, ElementsAre(1u, 1u, 3u));
}

TEST_F(LanesTest, moves_what_waits_to_new_lanes_on_a_reload) {
  accept_on("bulk", 20);
  accept_on("news", 20);
  world.run_for(50ms);
  streams = {{"otp", 0.1, 0}, {"news", 0.8, 0.1}};
  queue->reconfigure(settings());
  world.run_for(1s);
  EXPECT_GE(started_on("news"), 6u);
  streams.clear();
  queue->reconfigure(settings());
  world.run_for(1min);
  EXPECT_EQ(queue->messages(), 0u);
  EXPECT_EQ(courier.streams.size(), 40u);
}

}  // namespace
}  // namespace waypost::queue
