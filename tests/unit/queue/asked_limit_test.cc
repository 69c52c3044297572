#include "queue/asked_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/queue/queue_fixture.h"

namespace waypost::queue {
namespace {

using testing::Le;
using testing::SizeIs;

const WallTime noon = *base::parse_rfc3339("2026-11-21T12:00:00.5Z");

AskedLimit asked(std::string site = "google") {
  AskedLimit limit;
  limit.site = std::move(site);
  limit.by = "ann";
  limit.since = noon;
  limit.until = noon + 1h;
  return limit;
}

TEST(AskedLimit, says_what_it_sets_who_and_until_when) {
  AskedLimit limit = asked();
  limit.connections = 2;
  limit.messages_per_second = 0.5;
  limit.messages_per_hour = 30;
  limit.reason = "their alarm";
  EXPECT_EQ(limit.text(),
            "site google gets at most 2 connections at a time, 0.5 messages a second and 30 "
            "messages an hour, set by ann until 2026-11-21T13:00:00Z: their alarm");
  limit.by.clear();
  EXPECT_EQ(limit.origin(), "set by somebody until 2026-11-21T13:00:00Z");
}

TEST(AskedLimit, sets_what_was_asked_for_and_nothing_else) {
  AskedLimit limit = asked();
  limit.connections_per_minute = 3;
  const shaping::SiteLimits most = limit.most();
  EXPECT_EQ(most.connections_per_minute.value, 3u);
  EXPECT_EQ(most.connections_per_minute.origin, limit.origin());
  EXPECT_EQ(most.connections.origin, "");
  EXPECT_EQ(most.messages_per_connection.origin, "");
}

TEST(AskedLimit, limits_something_for_a_while) {
  AskedLimit limit = asked();
  EXPECT_FALSE(check(limit));
  limit.messages_per_day = 1;
  EXPECT_TRUE(check(limit));
  limit.until = noon;
  EXPECT_FALSE(check(limit));
  limit.until = noon + std::chrono::hours(24 * 7);
  EXPECT_TRUE(check(limit));
  limit.until += 1s;
  EXPECT_FALSE(check(limit));
  limit.since = *base::parse_rfc3339("4052-11-21T12:00:00Z");
  EXPECT_FALSE(check(limit));
}

class AskedLimitTest : public QueueTest {
 protected:
  static constexpr const char* site = "mx.x.test";
  AskedLimit now_asked(Duration lasts = 1h) const {
    AskedLimit limit = asked(site);
    limit.since = process.wall_now();
    limit.until = limit.since + std::chrono::duration_cast<std::chrono::microseconds>(lasts);
    return limit;
  }
  void accept_some(int count) {
    for (int i = 0; i < count; ++i) accept(envelope({std::to_string(i) + "@x.test"}, 48h));
  }
  std::vector<Standing> waiting() const {
    std::vector<Standing> all;
    queue->visit_standings([&](const Standing& standing) {
      if (standing.hold != Hold::sending) all.push_back(standing);
      return true;
    });
    return all;
  }
  size_t started_within(Duration span) {
    const size_t before = courier.started.size();
    world.run_for(span);
    return courier.started.size() - before;
  }
};

TEST_F(AskedLimitTest, holds_for_a_site_that_is_not_known_yet) {
  limits.connections.value = 20;
  make();
  AskedLimit limit = now_asked();
  limit.connections = 1;
  queue->limit(limit);
  accept_some(5);
  world.run_for(1500ms);
  EXPECT_EQ(courier.open_peak, 1u);
  ASSERT_THAT(waiting(), testing::Not(testing::IsEmpty()));
  EXPECT_EQ(waiting()[0].hold, Hold::slot);
  EXPECT_EQ(waiting()[0].limit_origin, limit.origin());
  EXPECT_EQ(queue->site(site)->asked_limit, limit);
  EXPECT_EQ(queue->site(site)->limits.connections.value, 1u);
}

TEST_F(AskedLimitTest, holds_back_what_waits_already_and_lets_it_go_when_it_is_lifted) {
  courier.takes = 1s;
  accept_some(100);
  world.run_for(5s);
  AskedLimit limit = now_asked();
  limit.messages_per_second = 0.01;
  queue->limit(limit);
  EXPECT_THAT(started_within(90s), Le(2u));
  EXPECT_EQ(waiting()[0].hold, Hold::rate);
  EXPECT_EQ(waiting()[0].limit_origin, limit.origin());
  EXPECT_TRUE(queue->lift_limit(site));
  EXPECT_FALSE(queue->lift_limit(site));
  EXPECT_GE(started_within(10s), 18u);
  EXPECT_FALSE(queue->site(site)->asked_limit);
}

// One that had its slot waits inside for its turn.
TEST_F(AskedLimitTest, shortens_the_wait_of_an_attempt_under_way_when_it_is_lifted) {
  courier.connects_in = 10s;
  AskedLimit limit = now_asked();
  limit.messages_per_second = 0.001;
  accept_some(2);
  world.run_for(5s);  // both have their slots
  queue->limit(limit);
  world.run_for(30s);
  ASSERT_THAT(courier.started, SizeIs(1));
  queue->lift_limit(site);
  world.run_for(2s);
  EXPECT_THAT(courier.started, SizeIs(2));
}

TEST_F(AskedLimitTest, ends_by_itself) {
  courier.takes = 1s;
  AskedLimit limit = now_asked(10min);
  limit.messages_per_hour = 3;
  queue->limit(limit);
  accept_some(20);
  EXPECT_EQ(started_within(9min), 3u);
  EXPECT_EQ(waiting()[0].hold, Hold::quota);
  EXPECT_EQ(waiting()[0].limit_origin, limit.origin());
  world.run_for(2min);
  EXPECT_THAT(courier.started, SizeIs(20));
  EXPECT_TRUE(queue->asked_limits().empty());
}

TEST_F(AskedLimitTest, never_lifts_what_is_configured) {
  limits.messages_per_second = {1, "waypost.toml:8"};
  limits.connections = {1, "waypost.toml:9"};
  make();
  AskedLimit limit = now_asked();
  limit.messages_per_second = 50;
  limit.connections = 5;
  queue->limit(limit);
  accept_some(30);
  EXPECT_THAT(started_within(10s), Le(11u));
  EXPECT_EQ(courier.open_peak, 1u);
  EXPECT_EQ(queue->site(site)->limits.messages_per_second.origin, "waypost.toml:8");
  EXPECT_EQ(queue->site(site)->limits.connections.origin, "waypost.toml:9");
}

TEST_F(AskedLimitTest, outlives_a_reload_and_is_replaced_by_the_next) {
  accept_some(1);
  world.run_for(5s);
  AskedLimit limit = now_asked();
  limit.connections = 1;
  queue->limit(limit);
  limits.connections = {10, "waypost.toml:3"};
  queue->reconfigure(settings());
  EXPECT_EQ(queue->site(site)->limits.connections.value, 1u);
  AskedLimit next = now_asked();
  next.messages_per_second = 2;
  queue->limit(next);
  EXPECT_EQ(queue->site(site)->limits.connections.origin, "waypost.toml:3");
  EXPECT_EQ(queue->site(site)->limits.messages_per_second.value, 2);
  EXPECT_THAT(queue->asked_limits(), SizeIs(1));
}

TEST_F(AskedLimitTest, is_of_one_site_alone) {
  AskedLimit limit = now_asked();
  limit.messages_per_second = 0.01;
  queue->limit(limit);
  for (int i = 0; i < 5; ++i) accept(envelope({std::to_string(i) + "@y.test"}));
  world.run_for(10s);
  EXPECT_THAT(courier.started, SizeIs(5));
}

}  // namespace
}  // namespace waypost::queue
