#include "queue/queue.h"

#include <deque>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "classify/shipped_rules.h"
#include "io/sim_world.h"
#include "spool/batch_store.h"
#include "spool/memory_store.h"
#include "tests/fakes/recording_sink.h"

namespace waypost::queue {
namespace {

using namespace std::chrono_literals;
using events::EventKind;
using events::Outcome;
using events::Verdict;
using testing::ElementsAre;

Outcome outcome(Verdict verdict, std::string reason, bool concerns_site = false) {
  Outcome made;
  made.verdict = verdict;
  made.reason = std::move(reason);
  made.concerns_site = concerns_site;
  return made;
}

// Answers as it was told, or delivers; remembers what it was asked.
class FakeCourier final : public Courier {
 public:
  explicit FakeCourier(io::Loop& loop) : loop_(loop) {}

  std::optional<std::string> known_mail_host(const std::string&) override { return std::nullopt; }
  io::Task<tl::expected<std::string, Outcome>> find_mail_host(std::string domain) override {
    co_await io::sleep_until(loop_, loop_.now() + 10ms);
    if (no_route) co_return tl::unexpected(*no_route);
    co_return "mx." + domain;
  }
  io::Task<void> attempt(Assignment assignment) override {
    co_await assignment.turn();
    started.push_back(loop_.now());
    recipients.push_back(assignment.recipients.size());
    open_peak = std::max(open_peak, ++open);
    co_await io::sleep_until(loop_, loop_.now() + takes);
    --open;
    Outcome answer = outcome(Verdict::delivered, "250 ok");
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    std::vector<Outcome> outcomes(assignment.recipients.size(), answer);
    co_await assignment.settle(std::move(outcomes));
  }

  std::optional<Outcome> no_route;
  std::deque<Outcome> answers;
  Duration takes = 1s;
  std::vector<Instant> started;
  std::vector<size_t> recipients;
  unsigned open = 0;
  unsigned open_peak = 0;

 private:
  io::Loop& loop_;
};

// Remembers what it was to tell; can be told to fail.
class FakeNotifier final : public Notifier {
 public:
  explicit FakeNotifier(io::Loop& loop) : loop_(loop) {}
  io::Task<Result<void>> notify(Notice notice) override {
    co_await io::sleep_until(loop_, loop_.now() + 5ms);
    if (failures > 0) {
      --failures;
      co_return failure(ErrorCode::resource_exhausted, "the disk is full");
    }
    notices.push_back(std::move(notice));
    co_return Result<void>();
  }
  std::vector<Notice> notices;
  unsigned failures = 0;

 private:
  io::Loop& loop_;
};

struct QueueTest : testing::Test {
  QueueTest() {
    limits.connections.value = 2;
    make();
  }
  void make() {
    queue.reset();
    queue = std::make_unique<Queue>(
        Queue::Dependencies{process, *spool, sink, courier, replies, notifier},
        Settings{shaping::SiteTable(limits, {}), RetrySchedule{1min, 2.0, 10min, 0}, 20min});
  }

  spool::Envelope envelope(std::vector<std::string> addresses, Duration lives = 1h) {
    spool::Envelope made;
    std::array<uint8_t, 10> random{};
    random[9] = ++ids;
    made.id = MessageId::make(process.wall_now(), random);
    made.accepted_at = process.wall_now();
    made.expires_at =
        process.wall_now() + std::chrono::duration_cast<std::chrono::microseconds>(lives);
    for (const std::string& address : addresses)
      made.recipients.push_back(*smtp::parse_mailbox(address));
    made.chunks = 1;
    return made;
  }
  // Accepted by the spool, then queued, as intake does it.
  void accept(spool::Envelope made) { tasks.start(commit(std::move(made))); }
  io::Task<void> commit(spool::Envelope made) {
    std::vector<spool::Chunk> chunks;
    chunks.push_back({0, "text"});
    Result<void> committed = co_await spool->commit(made, std::move(chunks));
    EXPECT_TRUE(committed);
    queue->add(std::move(made));
  }
  std::vector<EventKind> kinds() const {
    std::vector<EventKind> kinds;
    for (const events::Event& event : sink.events) kinds.push_back(event.kind);
    return kinds;
  }
  size_t stored() {
    size_t count = 0;
    EXPECT_TRUE(spool->recover([&](spool::StoredMessage) { ++count; }, [](MessageId, Error) {}));
    return count;
  }

  io::SimWorld world{1};
  io::SimProcess& process = world.make_process(IpAddress::v4({10, 0, 0, 1}));
  spool::SpoolMedium medium;
  spool::MemoryStore store{medium, process};
  std::unique_ptr<spool::Spool> spool = spool::make_spool(store, process);
  fakes::RecordingSink sink;
  FakeCourier courier{process};
  FakeNotifier notifier{process};
  shaping::SiteLimits limits;
  uint8_t ids = 0;
  classify::Classifier classifier{classify::shipped_book()};
  classify::Reader replies{classifier};
  std::unique_ptr<Queue> queue;
  io::TaskGroup tasks;
};

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
  world.run_for(30s);
  EXPECT_EQ(courier.started.size(), 1u) << "the last one earned a wait of 100 s";
  world.run_for(2min);
  EXPECT_EQ(queue->messages(), 0u);
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

}  // namespace
}  // namespace waypost::queue
