#include "queue/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/queue/queue_fixture.h"

namespace waypost::queue {
namespace {

using testing::ElementsAre;

TEST_F(QueueTest, removes_a_message_whose_recipients_are_all_delivered) {
  accept(envelope({"a@x.test", "b@x.test", "c@y.test"}));
  world.run_for(10s);
  EXPECT_THAT(kinds(),
              ElementsAre(EventKind::delivered, EventKind::delivered, EventKind::delivered));
  EXPECT_EQ(queue->messages(), 0u);
  EXPECT_EQ(queue->unsettled_recipients(), 0u);
  EXPECT_EQ(stored(), 0u);
}

TEST_F(QueueTest, sends_recipients_of_one_domain_together_up_to_the_limit) {
  limits.recipients_per_message.value = 2;
  make();
  accept(envelope({"a@x.test", "z@y.test", "b@x.test", "c@x.test"}));
  world.run_for(10s);
  EXPECT_THAT(courier.recipients, testing::UnorderedElementsAre(2u, 1u, 1u));
}

TEST_F(QueueTest, tries_a_deferred_recipient_again_by_the_schedule) {
  courier.answers = {outcome(Verdict::deferred, "451 later"),
                     outcome(Verdict::deferred, "452 full")};
  accept(envelope({"a@x.test"}));
  world.run_for(30s);
  ASSERT_EQ(sink.events.size(), 1u);
  EXPECT_EQ(sink.events[0].kind, EventKind::deferred);
  EXPECT_TRUE(sink.events[0].next_attempt_at);
  std::vector<Standing> waiting;
  queue->visit_standings([&](const Standing& standing) {
    waiting.push_back(standing);
    return true;
  });
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].hold, Hold::deferred);
  EXPECT_EQ(waiting[0].reason, "451 later");
  EXPECT_EQ(waiting[0].attempts, 1u);
  world.run_for(10min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::deferred, EventKind::deferred, EventKind::delivered));
  ASSERT_EQ(courier.started.size(), 3u);
  EXPECT_GE(courier.started[1] - courier.started[0], 1min);
  EXPECT_GE(courier.started[2] - courier.started[1], 2min);
}

TEST_F(QueueTest, waits_as_long_as_they_ask_but_not_for_ever) {
  courier.answers = {outcome(Verdict::deferred, "451 Greylisted, try again in 5 minutes"),
                     outcome(Verdict::deferred, "451 Greylisted, try again in 5 days")};
  accept(envelope({"a@x.test"}));
  world.run_for(30min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::deferred, EventKind::deferred, EventKind::delivered));
  EXPECT_EQ(sink.events[0].cause.reply_class, "greylisted");
  ASSERT_EQ(courier.started.size(), 3u);
  EXPECT_GE(courier.started[1] - courier.started[0], 5min);
  EXPECT_LE(courier.started[2] - courier.started[1], 11min);
}

TEST_F(QueueTest, offers_again_what_a_5yz_refused_only_for_its_pace) {
  courier.answers = {outcome(Verdict::bounced, "550 Too many messages from you, slow down")};
  accept(envelope({"a@x.test"}));
  world.run_for(10min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::deferred, EventKind::delivered));
}

TEST_F(QueueTest, goes_on_after_a_restart_where_it_was) {
  courier.answers = {outcome(Verdict::deferred, "451 later")};
  accept(envelope({"a@x.test"}));
  world.run_for(30s);
  make();
  EXPECT_TRUE(
      spool->recover([&](spool::StoredMessage message) { queue->restore(std::move(message)); },
                     [](MessageId, Error) { ADD_FAILURE(); }));
  world.run_for(2min);
  ASSERT_EQ(sink.events.size(), 2u);
  EXPECT_EQ(sink.events[1].kind, EventKind::delivered);
  EXPECT_EQ(sink.events[1].attempt, 2u);
}

TEST_F(QueueTest, gives_up_when_the_next_attempt_would_come_too_late) {
  courier.answers = {outcome(Verdict::deferred, "451 later"),
                     outcome(Verdict::deferred, "451 again")};
  accept(envelope({"a@x.test"}, 2min));
  world.run_for(1h);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::deferred, EventKind::expired));
  EXPECT_EQ(sink.events[1].reply, "451 again");
  EXPECT_EQ(stored(), 0u);
}

TEST_F(QueueTest, bounces_what_has_nowhere_to_go) {
  courier.no_route = outcome(Verdict::bounced, "no such domain");
  accept(envelope({"a@x.test", "b@x.test"}));
  world.run_for(10s);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::bounced, EventKind::bounced));
  EXPECT_EQ(stored(), 0u);
}

TEST_F(QueueTest, keeps_to_the_connections_of_a_site) {
  for (int i = 0; i < 10; ++i) accept(envelope({"a@x.test"}));
  world.run_for(500ms);
  EXPECT_EQ(courier.open, 2u);
  bool explained = false;
  queue->visit_standings([&](const Standing& standing) {
    explained |= standing.hold == Hold::slot && standing.limit_origin == "built-in default";
    return true;
  });
  EXPECT_TRUE(explained);
  world.run_for(1min);
  EXPECT_EQ(courier.open_peak, 2u);
  EXPECT_EQ(queue->messages(), 0u);
}

TEST_F(QueueTest, keeps_to_the_pace_of_a_site) {
  limits.messages_per_second.value = 0.5;
  make();
  for (int i = 0; i < 4; ++i) accept(envelope({"a@x.test"}));
  world.run_for(1min);
  ASSERT_EQ(courier.started.size(), 4u);
  for (size_t i = 1; i < 4; ++i) EXPECT_GE(courier.started[i] - courier.started[i - 1], 2s);
}

TEST_F(QueueTest, keeps_to_new_limits_as_soon_as_it_has_them) {
  limits.messages_per_second.value = 0.01;
  make();
  for (int i = 0; i < 4; ++i) accept(envelope({"a@x.test"}));
  world.run_for(1min);
  EXPECT_EQ(courier.started.size(), 1u);
  shaping::SiteLimits faster;
  faster.connections.value = 3;
  queue->reconfigure({shaping::SiteTable(faster, {}), {}});
  world.run_for(5s);
  EXPECT_EQ(queue->messages(), 0u) << "the wait of 100 s ended with the limit that it came from";
  EXPECT_EQ(courier.open_peak, 3u);
}

TEST_F(QueueTest, moves_what_is_ready_to_the_site_that_a_new_rule_names) {
  limits.messages_per_second.value = 0.01;
  make();
  for (int i = 0; i < 3; ++i) accept(envelope({"a@x.test"}));
  world.run_for(1s);
  queue->reconfigure({shaping::SiteTable(limits, {{"named", {"x.test"}, {}}}), {}});
  world.run_for(1min);
  EXPECT_EQ(queue->messages(), 0u);
  EXPECT_EQ(sink.events.back().site, "named");
}

TEST_F(QueueTest, counts_at_each_site_what_it_shows_of_one) {
  limits.connections.value = 1;
  queue->reconfigure({shaping::SiteTable(limits, {{"named", {"x.test"}, limits}}), {}});
  for (int i = 0; i < 3; ++i) accept(envelope({"a@x.test"}));
  accept(envelope({"a@y.test", "b@y.test"}));
  world.run_for(500ms);
  std::map<std::string, std::string> rules;
  queue->visit_counts([&](const SiteCounts& counts) {
    rules[std::string(counts.name)] = counts.rule;
    const std::optional<SiteView> view = queue->site(std::string(counts.name));
    ASSERT_TRUE(view);
    EXPECT_EQ(counts.recipients, view->recipients);
    EXPECT_EQ(counts.places[size_t(Place::ready)], view->ready);
    EXPECT_EQ(counts.attempts, view->attempts);
    EXPECT_EQ(counts.recipients, counts.name == "named" ? 3u : 2u);
    EXPECT_EQ(view->ready, counts.name == "named" ? 2u : 0u);
    EXPECT_EQ(counts.places[size_t(Place::sending)], counts.name == "named" ? 1u : 2u);
  });
  EXPECT_THAT(rules, testing::ElementsAre(std::pair("mx.y.test", ""), std::pair("named", "named")));
  EXPECT_EQ(queue->rule_of("named"), "named");
  EXPECT_EQ(queue->rule_of("mx.y.test"), "");
  EXPECT_EQ(queue->rule_of("nowhere"), "");
  EXPECT_FALSE(queue->site("nowhere"));
}

TEST_F(QueueTest, lets_the_trouble_of_one_service_of_a_host_be_none_of_the_others) {
  courier.takes = 0s;
  courier.host = "smtp.provider.test";
  courier.services = {{"x.test", ":587/one"}, {"y.test", ":587/other"}};
  courier.answers.push_back(outcome(Verdict::deferred, "connection refused", true));
  accept(envelope({"a@x.test"}));
  world.run_for(1s);
  accept(envelope({"b@y.test"}));
  world.run_for(5s);
  ASSERT_EQ(kinds(), (std::vector{EventKind::deferred, EventKind::delivered}));
  EXPECT_EQ(sink.events[0].site, "smtp.provider.test:587/one");
  EXPECT_EQ(sink.events[1].site, "smtp.provider.test:587/other");
}

TEST_F(QueueTest, says_at_its_end_why_a_message_was_never_tried) {
  Outcome refused = outcome(Verdict::deferred, "connecting: Connection refused", true);
  refused.phase = events::Phase::connect;
  refused.peer.host = "mx.x.test";
  courier.answers.assign(20, refused);
  accept(envelope({"a@x.test"}));
  world.run_for(30s);
  accept(envelope({"b@x.test"}, 20s));
  world.run_for(25s);
  ASSERT_EQ(sink.events.back().kind, EventKind::expired);
  const events::Event& end = sink.events.back();
  EXPECT_EQ(end.attempt, 0u);
  EXPECT_EQ(end.reply,
            "never tried: mx.x.test could not be reached (connecting: Connection refused)");
  EXPECT_EQ(end.peer.host, "mx.x.test");
  EXPECT_EQ(end.cause.reply_class, sink.events.front().cause.reply_class);
  EXPECT_NE(end.cause.reply_class, "unknown");
}

TEST_F(QueueTest, says_at_its_end_which_limit_of_ours_held_it) {
  limits.messages_per_second.value = 0.001;
  make();
  accept(envelope({"a@x.test"}));
  world.run_for(10s);
  accept(envelope({"b@x.test"}, 20s));
  world.run_for(30s);
  ASSERT_EQ(sink.events.back().kind, EventKind::expired);
  EXPECT_THAT(sink.events.back().reply, testing::StartsWith("never tried: mx.x.test gets at most"));
  EXPECT_EQ(sink.events.back().cause.reply_class, "unknown");
}

TEST_F(QueueTest, probes_a_site_that_cannot_be_reached_with_one_message) {
  courier.takes = 0s;
  for (int i = 0; i < 2; ++i)
    courier.answers.push_back(outcome(Verdict::deferred, "connection refused", true));
  for (int i = 0; i < 10; ++i) accept(envelope({"a@x.test"}));
  world.run_for(30s);
  EXPECT_EQ(courier.started.size(), 2u);
  bool explained = false;
  queue->visit_standings([&](const Standing& standing) {
    explained |= standing.hold == Hold::site_shut &&
                 standing.reason.find("connection refused") != std::string::npos;
    return true;
  });
  EXPECT_TRUE(explained);
  // Two that failed together are one failure: the site is probed after the first pause.
  world.run_for(1min);
  EXPECT_GT(courier.started.size(), 2u);
  world.run_for(1h);
  EXPECT_EQ(queue->messages(), 0u);
}

TEST_F(QueueTest, says_why_a_site_goes_on_with_less_than_it_is_allowed) {
  courier.takes = 0s;
  Outcome slow = outcome(Verdict::deferred, "");
  slow.phase = smtp::AttemptPhase::rcpt;
  slow.reply = smtp::reply(450, {4, 7, 1}, "Too many messages, slow down");
  slow.peer.host = "mx.x.test";
  Outcome taken = outcome(Verdict::delivered, "250 ok");
  taken.phase = smtp::AttemptPhase::content;
  courier.answers = {slow, taken, taken};
  accept(envelope({"a@x.test"}));
  world.run_for(95s);
  accept(envelope({"b@x.test"}));
  world.run_for(3s);
  std::vector<SiteView> sites;
  queue->visit_sites([&](const SiteView& site) { sites.push_back(site); });
  ASSERT_EQ(sites.size(), 1u);
  EXPECT_EQ(sites[0].troubles, 0u);
  EXPECT_EQ(sites[0].connections_max, 1u);
  EXPECT_EQ(sites[0].measure, SiteMeasure::slow);
  EXPECT_THAT(sites[0].slowed_by, testing::HasSubstr("slow down"));
  EXPECT_NE(sites[0].slowed_since, WallTime());
  EXPECT_EQ(sites[0].last_host, "mx.x.test");
  EXPECT_EQ(sites[0].doctor_target, "x.test");
}

TEST_F(QueueTest, says_of_a_site_why_what_is_deferred_waits_and_until_when) {
  courier.takes = 0s;
  for (const char* text : {"450 first", "450 second"})
    courier.answers.push_back(outcome(Verdict::deferred, text));
  accept(envelope({"a@x.test"}));
  world.run_for(20s);
  accept(envelope({"b@x.test"}));
  world.run_for(2s);
  auto next = [&] {
    std::optional<Standing> found;
    queue->visit_sites([&](const SiteView& site) { found = site.next; });
    return found;
  };
  std::optional<Standing> first = next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->hold, Hold::deferred);
  EXPECT_EQ(first->reason, "450 first");
  EXPECT_GT(first->next_attempt_at, process.wall_now());
  // The one that was known to come first was delivered.
  world.run_for(45s);
  std::optional<Standing> second = next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->reason, "450 second");
  world.run_for(1min);
  EXPECT_FALSE(next());
}

TEST_F(QueueTest, says_of_a_dead_site_that_it_is_probed_when_all_its_mail_is_deferred) {
  courier.takes = 0s;
  courier.answers.push_back(outcome(Verdict::deferred, "connection refused", true));
  accept(envelope({"a@x.test"}));
  world.run_for(2s);
  std::vector<SiteView> sites;
  queue->visit_sites([&](const SiteView& site) { sites.push_back(site); });
  ASSERT_EQ(sites.size(), 1u);
  ASSERT_TRUE(sites[0].next);
  EXPECT_EQ(sites[0].ready, 0u);
  EXPECT_EQ(sites[0].next->hold, Hold::site_shut);
  EXPECT_THAT(sites[0].next->reason, testing::HasSubstr("connection refused"));
  EXPECT_GT(sites[0].next->next_attempt_at, process.wall_now());
  EXPECT_EQ(sites[0].slowed_by, "") << "it is shut, and not slowed down";
}

TEST_F(QueueTest, tells_the_sender_once_before_it_settles_what_bounced_together) {
  courier.answers = {outcome(Verdict::bounced, "550 5.1.1 No such user")};
  spool::Envelope made = envelope({"a@x.test", "b@x.test"});
  made.sender = *smtp::parse_mailbox("app@sender.test");
  accept(std::move(made));
  notifier.failures = 1;
  world.run_for(1min);
  // The disk was full: nobody knows yet, so that nothing is settled.
  EXPECT_THAT(kinds(), ElementsAre(EventKind::deferred, EventKind::deferred));
  EXPECT_EQ(stored(), 1u);
  courier.answers = {outcome(Verdict::bounced, "550 5.1.1 No such user")};
  world.run_for(11min);
  ASSERT_EQ(notifier.notices.size(), 1u);
  EXPECT_EQ(notifier.notices[0].kind, NoticeKind::failed);
  EXPECT_EQ(notifier.notices[0].recipients.size(), 2u);
  EXPECT_EQ(stored(), 0u);
}

TEST_F(QueueTest, never_answers_the_null_sender_or_a_stranger) {
  courier.answers = {outcome(Verdict::bounced, "550 5.1.1 No such user"),
                     outcome(Verdict::bounced, "550 5.1.1 No such user")};
  accept(envelope({"a@x.test"}));
  spool::Envelope inbound = envelope({"b@x.test"});
  inbound.sender = *smtp::parse_mailbox("victim@sender.test");
  inbound.inbound = true;
  accept(std::move(inbound));
  world.run_for(1min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::bounced, EventKind::bounced));
  EXPECT_TRUE(notifier.notices.empty());
}

TEST_F(QueueTest, tells_of_a_delay_once_and_of_the_end_at_its_moment) {
  for (int i = 0; i < 20; ++i)
    courier.answers.push_back(outcome(Verdict::deferred, "connection refused", true));
  spool::Envelope made = envelope({"a@x.test"});
  made.sender = *smtp::parse_mailbox("app@sender.test");
  accept(std::move(made));
  world.run_for(2h);
  ASSERT_EQ(notifier.notices.size(), 2u);
  EXPECT_EQ(notifier.notices[0].kind, NoticeKind::delayed);
  EXPECT_EQ(notifier.notices[1].kind, NoticeKind::failed);
  EXPECT_TRUE(notifier.notices[1].recipients[0].expired);
}

TEST_F(QueueTest, tells_of_no_delay_before_what_waited_for_us_got_its_attempt) {
  courier.answers = {outcome(Verdict::deferred, "451 later")};
  spool::Envelope made = envelope({"a@x.test"}, 5h);
  made.sender = *smtp::parse_mailbox("app@sender.test");
  accept(std::move(made));
  world.run_for(30s);
  queue.reset();
  world.run_for(1h);
  make();
  EXPECT_TRUE(
      spool->recover([&](spool::StoredMessage message) { queue->restore(std::move(message)); },
                     [](MessageId, Error) { ADD_FAILURE(); }));
  world.run_for(1h);
  EXPECT_EQ(queue->messages(), 0u);
  EXPECT_TRUE(notifier.notices.empty());
}

TEST_F(QueueTest, tells_of_no_delay_once_that_is_switched_off) {
  for (int i = 0; i < 20; ++i)
    courier.answers.push_back(outcome(Verdict::deferred, "connection refused", true));
  spool::Envelope made = envelope({"a@x.test"});
  made.sender = *smtp::parse_mailbox("app@sender.test");
  accept(std::move(made));
  world.run_for(10min);
  queue->reconfigure(
      {shaping::SiteTable(limits, {}), RetrySchedule{1min, 2.0, 10min, 0}, Duration::zero()});
  world.run_for(2h);
  ASSERT_EQ(notifier.notices.size(), 1u);
  EXPECT_EQ(notifier.notices[0].kind, NoticeKind::failed);
}

TEST_F(QueueTest, gives_up_very_many_recipients_of_one_message_together) {
  std::vector<std::string> addresses;
  for (size_t i = 0; i < 2 * noticed_recipients_max; ++i)
    addresses.push_back("a" + std::to_string(i) + "@x.test");
  queue->pause({{ScopeKind::domain, "x.test"}, "ann", "", process.wall_now(), {}});
  accept(envelope(std::move(addresses)));
  world.run_for(2h);
  EXPECT_EQ(queue->messages(), 0u);
  EXPECT_EQ(queue->ledger().expired, 2 * noticed_recipients_max);
  EXPECT_TRUE(queue->ledger().balances());
}

TEST_F(QueueTest, says_that_a_pause_comes_behind_the_wait) {
  courier.answers = {outcome(Verdict::deferred, "451 later")};
  accept(envelope({"a@x.test"}));
  world.run_for(10s);
  queue->pause({{ScopeKind::domain, "x.test"}, "ann", "their migration", process.wall_now(), {}});
  queue->visit_standings([&](const Standing& standing) {
    EXPECT_EQ(standing.hold, Hold::deferred);
    EXPECT_NE(standing.reason.find("their migration"), std::string::npos) << standing.reason;
    EXPECT_EQ(standing.next_attempt_at, WallTime());
    return true;
  });
}

TEST_F(QueueTest, sends_nothing_that_is_held_or_paused_until_it_is_let_go) {
  queue->pause({{ScopeKind::domain, "x.test"}, "ann", "their migration", process.wall_now(), {}});
  accept(envelope({"a@x.test", "b@y.test"}));
  world.run_for(1min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
  std::vector<Standing> waiting;
  queue->visit_standings([&](const Standing& standing) {
    waiting.push_back(standing);
    return true;
  });
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].hold, Hold::paused);
  EXPECT_NE(waiting[0].reason.find("their migration"), std::string::npos);
  EXPECT_TRUE(queue->resume({ScopeKind::domain, "x.test"}));
  world.run_for(1min);
  EXPECT_EQ(queue->messages(), 0u);
  EXPECT_TRUE(queue->ledger().balances());
}

TEST_F(QueueTest, starts_nothing_once_the_spool_has_failed) {
  accept(envelope({"a@x.test"}));
  world.run_for(500ms);
  medium.fail_next_write();
  world.run_for(10s);
  ASSERT_EQ(sink.events.size(), 1u);
  EXPECT_NE(sink.events[0].reply.find("not recorded"), std::string::npos);
  queue->add(envelope({"b@x.test"}));
  world.run_for(10s);
  EXPECT_EQ(courier.started.size(), 1u);
}

TEST_F(QueueTest, stops_when_what_runs_has_ended) {
  for (int i = 0; i < 3; ++i) accept(envelope({"a@x.test"}));
  world.run_for(500ms);
  bool clean = false;
  struct Stopping {
    static io::Task<void> run(Queue& queue, Instant deadline, bool& clean) {
      clean = co_await queue.stop(deadline);
    }
  };
  tasks.start(Stopping::run(*queue, process.now() + 5s, clean));
  world.run_for(10s);
  EXPECT_TRUE(clean);
  EXPECT_EQ(courier.started.size(), 2u);
  EXPECT_EQ(stored(), 1u);
}

TEST_F(QueueTest, keeps_to_a_rule_that_a_reload_brings_for_a_site_of_that_name) {
  courier.answers.push_back(outcome(Verdict::deferred, "450 later"));
  accept(envelope({"a@x.test"}));
  world.run_for(5s);
  ASSERT_EQ(courier.started.size(), 1u) << "and the site is there for as long as it waits";
  shaping::SiteLimits one = limits;
  one.messages_per_hour.value = 1;
  RetrySchedule schedule{30min, 2.0, 30min, 0};
  queue->reconfigure({shaping::SiteTable(limits, {{"mx.x.test", {"mx.x.test"}, one}}), schedule});
  for (int i = 0; i < 3; ++i) accept(envelope({"b@x.test"}));
  world.run_for(10s);
  EXPECT_EQ(courier.started.size(), 2u);
  queue->reconfigure({shaping::SiteTable(limits, {}), schedule});
  world.run_for(10s);
  EXPECT_EQ(courier.started.size(), 4u) << "it is gone again";
}

// A provider gives each customer a host name of its own, and anybody may name any.
struct ProviderTest : QueueTest {
  ProviderTest() {
    courier.takes = 0s;
    queue->reconfigure({shaping::SiteTable(limits, {{"provider", {"*.provider.test"}, limits}}),
                        RetrySchedule{1min, 2.0, 10min, 0}});
  }
  // One fails so; whether mail for another customer goes out all the same.
  bool stays_open_after(events::Phase phase, const std::string& last_host) {
    Outcome failed = outcome(Verdict::deferred, "nobody there", true);
    failed.phase = phase;
    failed.peer.host = last_host;
    courier.answers.push_back(failed);
    courier.host = "one.provider.test";
    accept(envelope({"a@x.test"}));
    world.run_for(1s);
    courier.host = "other.provider.test";
    accept(envelope({"b@y.test"}));
    world.run_for(5s);
    EXPECT_EQ(sink.events.back().site, "provider");
    return kinds() == std::vector{EventKind::deferred, EventKind::delivered};
  }
};

TEST_F(ProviderTest, is_not_shut_for_a_name_that_does_not_exist) {
  EXPECT_TRUE(stays_open_after(events::Phase::resolve, "one.provider.test"));
}
TEST_F(ProviderTest, is_not_shut_for_a_dead_host_of_somebody_else) {
  EXPECT_TRUE(stays_open_after(events::Phase::connect, "mx.attacker.test"));
}
TEST_F(ProviderTest, is_shut_when_a_host_of_its_own_cannot_be_reached) {
  EXPECT_FALSE(stays_open_after(events::Phase::connect, "one.provider.test"));
}

}  // namespace
}  // namespace waypost::queue
