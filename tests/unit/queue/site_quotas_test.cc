#include "queue/site_quotas.h"

#include <gtest/gtest.h>

#include "tests/unit/queue/queue_fixture.h"

namespace waypost::queue {
namespace {

const Instant start = Instant(1000h);
const WallTime wall_start = WallTime(std::chrono::hours(500'000));

shaping::SiteLimits limits_of(unsigned per_hour, unsigned per_day, unsigned connections = 0) {
  shaping::SiteLimits limits;
  limits.messages_per_hour = {per_hour, "waypost.toml:7"};
  limits.messages_per_day = {per_day, "waypost.toml:8"};
  limits.connections_per_minute = {connections, "waypost.toml:9"};
  return limits;
}

TEST(SiteQuotas, hold_back_for_the_limit_that_holds_longest) {
  SiteQuotas quotas(limits_of(2, 3));
  EXPECT_LE(quotas.shortage(start).until, start);
  for (int i = 0; i < 2; ++i) quotas.send(start);
  EXPECT_EQ(quotas.shortage(start).what, "messages an hour");
  EXPECT_EQ(quotas.shortage(start).until, start + 1h);
  quotas.send(start + 1h);
  EXPECT_EQ(quotas.shortage(start + 1h).what, "messages a day");
  EXPECT_EQ(quotas.shortage(start + 1h).limit->origin, "waypost.toml:8");
  EXPECT_EQ(quotas.shortage(start + 1h).until, start + 24h);
}

TEST(SiteQuotas, keep_a_place_for_an_attempt_until_its_mail_or_its_end) {
  auto quotas = std::make_shared<SiteQuotas>(limits_of(2, 0));
  {
    QuotaPlace first(quotas);
    QuotaPlace second(quotas);
    EXPECT_GT(quotas->shortage(start).until, start) << "both are about to use it";
    first.send(start);
    EXPECT_EQ(quotas->hour().used(start), 1u);
    EXPECT_GT(quotas->shortage(start).until, start);
  }
  EXPECT_LE(quotas->shortage(start).until, start) << "the second never came to MAIL";
  QuotaPlace none(nullptr);
  none.send(start);
}

TEST(QuotaBook, knows_only_sites_whose_limits_count) {
  QuotaBook book;
  EXPECT_EQ(book.open("a", limits_of(0, 0)), nullptr);
  EXPECT_NE(book.open("b", limits_of(0, 0, 1)), nullptr);
  EXPECT_EQ(book.size(), 1u);
}

TEST(QuotaBook, remembers_a_site_after_it_was_forgotten_until_nothing_counts) {
  QuotaBook book;
  book.open("a", limits_of(0, 5))->send(start);
  EXPECT_EQ(book.keep(start, wall_start, 10).size(), 1u);
  EXPECT_EQ(book.open("a", limits_of(0, 5))->day().used(start + 23h), 1u);
  EXPECT_TRUE(book.keep(start + 24h, wall_start, 10).empty());
  EXPECT_EQ(book.size(), 0u);
}

TEST(QuotaBook, goes_on_after_a_restart_where_it_was) {
  QuotaBook before;
  for (int i = 0; i < 5; ++i) before.open("a", limits_of(0, 5))->send(start + i * 1h);
  auto kept = before.keep(start + 5h, wall_start + std::chrono::hours(5), 10);
  // The next process, on another monotonic clock, two hours later.
  QuotaBook after;
  const Instant now = Instant(3h);
  after.restore(kept, now, wall_start + std::chrono::hours(7));
  auto quotas = after.open("a", limits_of(0, 5));
  EXPECT_EQ(quotas->day().used(now), 5u);
  EXPECT_EQ(quotas->shortage(now).until, now + 17h);
}

TEST(QuotaBook, holds_for_a_window_longer_at_most_when_the_clock_was_set_back) {
  QuotaBook before;
  before.open("a", limits_of(1, 0))->send(start);
  auto kept = before.keep(start, wall_start, 10);
  QuotaBook after;
  after.restore(kept, start, wall_start - std::chrono::years(10));
  EXPECT_EQ(after.open("a", limits_of(1, 0))->shortage(start).until, start + 1h);
}

TEST(QuotaBook, restores_nothing_of_windows_that_it_does_not_know) {
  QuotaBook book;
  book.restore({{"a", 17min, {{wall_start, 3}}}, {"a", 1h, {{wall_start, 2}}}}, start, wall_start);
  EXPECT_EQ(book.open("a", limits_of(9, 9))->hour().used(start), 2u);
  EXPECT_EQ(book.open("a", limits_of(9, 9))->day().used(start), 0u);
}

TEST_F(QueueTest, keeps_to_the_messages_an_hour_of_a_site_and_says_so) {
  limits.messages_per_hour = {3, "waypost.toml:7"};
  make();
  for (int i = 0; i < 8; ++i) accept(envelope({"a@x.test"}, 24h));
  world.run_for(10min);
  EXPECT_EQ(courier.started.size(), 3u);
  std::vector<Standing> waiting;
  queue->visit_standings([&](const Standing& standing) {
    waiting.push_back(standing);
    return true;
  });
  ASSERT_EQ(waiting.size(), 5u);
  EXPECT_EQ(waiting[0].hold, Hold::quota);
  EXPECT_EQ(waiting[0].limit_origin, "waypost.toml:7");
  EXPECT_EQ(waiting[0].reason,
            "mx.x.test gets at most 3 messages an hour, it has had 3, and up to 0 are ahead");
  EXPECT_GT(waiting[0].next_attempt_at, process.wall_now() + 49min);
  EXPECT_GT(waiting[4].next_attempt_at, process.wall_now() + 109min);
  world.run_for(3h);
  ASSERT_EQ(courier.started.size(), 8u);
  EXPECT_GE(courier.started[3] - courier.started[0], 1h);
  EXPECT_GE(courier.started[6] - courier.started[3], 1h);
}

TEST_F(QueueTest, counts_no_message_whose_attempt_never_came_to_mail) {
  limits.messages_per_hour.value = 1;
  make();
  courier.unreachable = true;
  accept(envelope({"a@x.test"}));
  world.run_for(10s);
  courier.unreachable = false;
  world.run_for(10min);
  EXPECT_EQ(courier.started.size(), 1u);
  EXPECT_EQ(queue->messages(), 0u);
}

TEST_F(QueueTest, remembers_a_day_over_a_restart_and_longer_than_the_site) {
  limits.messages_per_day.value = 2;
  make();
  for (int i = 0; i < 3; ++i) accept(envelope({"a@x.test"}, 72h));
  world.run_for(1h);
  EXPECT_EQ(courier.started.size(), 2u);
  auto kept = queue->quotas().keep(process.now(), process.wall_now(), 10);
  make();
  queue->quotas().restore(kept, process.now(), process.wall_now());
  EXPECT_TRUE(
      spool->recover([&](spool::StoredMessage message) { queue->restore(std::move(message)); },
                     [](MessageId, Error) { ADD_FAILURE(); }));
  world.run_for(22h);
  EXPECT_EQ(courier.started.size(), 2u);
  world.run_for(2h);
  EXPECT_EQ(courier.started.size(), 3u);
  // Long after the queue has forgotten the site itself.
  world.run_for(1h);
  for (int i = 0; i < 2; ++i) accept(envelope({"a@x.test"}, 72h));
  world.run_for(1h);
  EXPECT_EQ(courier.started.size(), 4u);
}

TEST_F(QueueTest, keeps_to_the_new_connections_a_minute_of_a_site) {
  limits.connections.value = 5;
  limits.connections_per_minute = {2, "waypost.toml:9"};
  make();
  for (int i = 0; i < 6; ++i) accept(envelope({"a@x.test"}));
  world.run_for(30s);
  EXPECT_EQ(courier.started.size(), 2u);
  std::vector<Standing> waiting;
  queue->visit_standings([&](const Standing& standing) {
    waiting.push_back(standing);
    return true;
  });
  ASSERT_EQ(waiting.size(), 4u);
  EXPECT_EQ(waiting[0].hold, Hold::quota);
  EXPECT_EQ(waiting[0].limit_origin, "waypost.toml:9");
  world.run_for(10min);
  ASSERT_EQ(courier.connections.size(), 6u);
  for (size_t i = 2; i < 6; ++i)
    EXPECT_GE(courier.connections[i] - courier.connections[i - 2], 1min);
}

TEST_F(QueueTest, goes_on_over_open_connections_when_the_minute_has_had_its_new_ones) {
  limits.connections.value = 5;
  limits.connections_per_minute.value = 2;
  make();
  courier.keeps = true;
  for (int i = 0; i < 20; ++i) accept(envelope({"a@x.test"}));
  world.run_for(20s);
  EXPECT_EQ(courier.connections.size(), 2u);
  EXPECT_EQ(courier.started.size(), 20u);
}

// They would keep places from other sites, and mail from connections that become idle meanwhile.
TEST_F(QueueTest, lets_nobody_wait_inside_an_attempt_for_the_next_new_connection) {
  limits.connections.value = 5;
  limits.connections_per_minute.value = 2;
  make();
  courier.keeps = true;
  courier.looks_up_in = 50ms;
  for (int i = 0; i < 20; ++i) accept(envelope({"a@x.test"}));
  world.run_for(500ms);
  size_t sending = 0;
  queue->visit_standings([&](const Standing& standing) {
    if (standing.hold == Hold::sending) ++sending;
    return true;
  });
  EXPECT_EQ(sending, 2u);
  world.run_for(20s);
  EXPECT_EQ(courier.connections.size(), 2u);
  EXPECT_EQ(courier.started.size(), 20u);
}

TEST_F(QueueTest, counts_messages_under_way_when_a_reload_brought_a_limit) {
  courier.looks_up_in = 1s;
  for (int i = 0; i < 2; ++i) accept(envelope({"a@x.test"}));
  world.run_for(500ms);
  limits.messages_per_hour.value = 2;
  queue->reconfigure(settings());
  world.run_for(10s);
  ASSERT_EQ(courier.started.size(), 2u);
  accept(envelope({"a@x.test"}));
  world.run_for(10min);
  EXPECT_EQ(courier.started.size(), 2u);
}

TEST_F(QueueTest, lets_no_attempt_wait_for_a_window_when_it_must_name_its_message_again) {
  limits.messages_per_hour.value = 1;
  make();
  courier.names_twice = true;
  accept(envelope({"a@x.test"}, 24h));
  world.run_for(10s);
  ASSERT_EQ(kinds(), std::vector{EventKind::deferred});
  EXPECT_EQ(sink.events.front().reply, "mx.x.test gets at most 1 messages an hour, and has had 1");
  world.run_for(2min);
  std::vector<Standing> waiting;
  queue->visit_standings([&](const Standing& standing) {
    waiting.push_back(standing);
    return true;
  });
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].hold, Hold::quota) << "it waits where all see it";
}

TEST_F(QueueTest, leaves_urgent_mail_its_part_of_a_quota_when_a_message_is_named_again) {
  streams = {{"passwords", 0.5, 0.5}};
  limits.messages_per_hour.value = 4;
  make();
  accept(envelope({"a@x.test"}, 24h));
  world.run_for(10s);
  courier.names_twice = true;
  accept(envelope({"b@x.test"}, 24h));
  world.run_for(10s);
  ASSERT_EQ(kinds(), (std::vector{EventKind::delivered, EventKind::deferred}));
  EXPECT_EQ(sink.events.back().reply,
            "mx.x.test gets at most 4 messages an hour, of which 50 % are kept free for urgent "
            "mail, and has had 2");
  spool::Envelope password = envelope({"c@x.test"}, 24h);
  password.stream = "passwords";
  accept(std::move(password));
  world.run_for(10s);
  EXPECT_EQ(courier.started.size(), 2u);
  EXPECT_EQ(kinds().back(), EventKind::delivered) << "by its second MAIL";
}

TEST_F(QueueTest, keeps_to_the_pace_of_a_site_when_a_message_is_named_again) {
  limits.messages_per_second.value = 0.1;
  limits.messages_per_hour.value = 4;
  make();
  courier.names_twice = true;
  for (int i = 0; i < 2; ++i) accept(envelope({"a@x.test"}, 24h));
  world.run_for(5min);
  ASSERT_EQ(courier.started.size(), 2u);
  EXPECT_GE(courier.started[0], Instant(10s));
  EXPECT_GE(courier.started[1] - courier.started[0], 10s);
  EXPECT_EQ(queue->messages(), 0u);
}

TEST_F(QueueTest, waits_for_no_connection_that_comes_too_late_for_the_message) {
  limits.connections_per_minute.value = 1;
  make();
  courier.connects_twice = true;
  accept(envelope({"a@x.test"}, 30s));
  world.run_for(10s);
  EXPECT_EQ(kinds(), std::vector{EventKind::expired});
}

}  // namespace
}  // namespace waypost::queue
