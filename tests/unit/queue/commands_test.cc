#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/queue.h"
#include "tests/unit/queue/queue_fixture.h"

namespace waypost::queue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct QueueCommands : QueueTest {
  // Each is tried once, and waits.
  void accept_and_defer(std::vector<std::string> addresses) {
    courier.answers.assign(addresses.size(), outcome(Verdict::deferred, "451 later"));
    accept(envelope(std::move(addresses)));
    world.run_for(10s);
    sink.events.clear();
  }
  Tally act(Act what, std::string domain, bool dry_run = false) {
    Command command;
    command.selector.domain = std::move(domain);
    command.dry_run = dry_run;
    return act(what, std::move(command));
  }
  Tally act(Act what, Command command) {
    command.act = what;
    command.reason = "they asked";
    Tally tally;
    tasks.start(act_into(std::move(command), tally));
    world.run_for(1s);
    return tally;
  }
  io::Task<void> act_into(Command command, Tally& tally) {
    Result<Tally> done = co_await queue->act(std::move(command));
    EXPECT_TRUE(done);
    if (done) tally = *done;
  }
};

TEST_F(QueueCommands, hold_keeps_back_what_is_named_until_it_is_released) {
  accept_and_defer({"a@x.test", "b@x.test", "c@y.test"});
  Tally held = act(Act::hold, "x.test");
  EXPECT_EQ(held.recipients, 2u);
  EXPECT_EQ(held.messages, 1u);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::held, EventKind::held));
  EXPECT_EQ(sink.events[0].reply, "they asked");
  world.run_for(10min);
  EXPECT_EQ(sink.events.back().kind, EventKind::delivered);
  EXPECT_THAT(sink.events.back().recipients, ElementsAre("c@y.test"));
  EXPECT_EQ(queue->unsettled_recipients(), 2u);
  EXPECT_EQ(act(Act::hold, "x.test").recipients, 0u);
  EXPECT_EQ(act(Act::release, "x.test").recipients, 2u);
  world.run_for(1min);
  EXPECT_EQ(queue->unsettled_recipients(), 0u);
}

TEST_F(QueueCommands, what_is_accepted_as_held_waits_for_a_person) {
  spool::Envelope made = envelope({"a@x.test", "b@y.test"}, 10h);
  made.held_because = "it is not signed";
  accept(made);
  world.run_for(1min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::held, EventKind::held));
  EXPECT_EQ(sink.events[0].reply, "it is not signed");
  ASSERT_EQ(queue->standings(made.id).size(), 2u);
  EXPECT_EQ(queue->standings(made.id)[0].hold, Hold::held);
  EXPECT_EQ(queue->standings(made.id)[0].reason,
            "kept back until it is released: it is not signed");
  EXPECT_EQ(act(Act::release, "x.test").recipients, 1u);
  world.run_for(1min);
  EXPECT_EQ(sink.events.back().kind, EventKind::delivered);
  EXPECT_EQ(queue->unsettled_recipients(), 1u);
}

TEST_F(QueueCommands, what_is_accepted_as_held_is_still_so_after_a_restart) {
  spool::Envelope made = envelope({"a@x.test", "b@y.test", "c@z.test"}, 10h);
  made.held_because = "it is not signed";
  made.sender = *smtp::parse_mailbox("app@sender.test");
  accept(made);
  world.run_for(1s);
  courier.answers = {outcome(Verdict::deferred, "451 later")};
  act(Act::release, "x.test");
  world.run_for(5s);
  make();
  ASSERT_TRUE(
      spool->recover([&](spool::StoredMessage message) { queue->restore(std::move(message)); },
                     [](MessageId, Error) { ADD_FAILURE(); }));
  sink.events.clear();
  world.run_for(2h);
  ASSERT_EQ(sink.events.size(), 1u);
  EXPECT_EQ(sink.events[0].kind, EventKind::delivered);
  EXPECT_THAT(sink.events[0].recipients, ElementsAre("a@x.test"));
  EXPECT_EQ(queue->unsettled_recipients(), 2u);
  // Whoever sent it hears why it waits, and that it was given up.
  ASSERT_FALSE(notifier.notices.empty());
  EXPECT_EQ(notifier.notices.back().recipients.at(0).reply, "it is not signed");
  world.run_for(10h);
  EXPECT_EQ(sink.events.back().kind, EventKind::expired);
  EXPECT_EQ(sink.events.back().reply, "it is not signed");
  EXPECT_EQ(queue->messages(), 0u);
}

TEST_F(QueueCommands, cancel_ends_what_is_named_and_tells_nobody) {
  accept_and_defer({"a@x.test", "c@y.test"});
  EXPECT_EQ(act(Act::cancel, "x.test").recipients, 1u);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::cancelled));
  EXPECT_EQ(queue->unsettled_recipients(), 1u);
  act(Act::cancel, "y.test");
  EXPECT_EQ(stored(), 0u);
  EXPECT_THAT(notifier.notices, IsEmpty());
}

TEST_F(QueueCommands, retry_sends_now_what_would_wait) {
  accept_and_defer({"a@x.test"});
  size_t before = courier.started.size();
  EXPECT_EQ(act(Act::retry, "x.test").recipients, 1u);
  EXPECT_EQ(courier.started.size(), before + 1);
}

TEST_F(QueueCommands, retry_finds_all_that_wait_for_a_site_that_is_shut) {
  courier.takes = 0s;
  for (int i = 0; i < 2; ++i)
    courier.answers.push_back(outcome(Verdict::deferred, "connection refused", true));
  for (int i = 0; i < 10; ++i) accept(envelope({"a@x.test"}));
  world.run_for(10s);
  Command command;
  command.selector.hold = Hold::site_shut;
  EXPECT_EQ(act(Act::retry, std::move(command)).recipients, 8u);
  world.run_for(1s);
  EXPECT_EQ(queue->unsettled_recipients(), 2u) << "those that were deferred";
}

TEST_F(QueueCommands, what_is_written_while_a_notice_is_under_way_does_not_say_that_they_know) {
  accept_and_defer({"a@x.test"});
  notifier.takes = 1min;
  courier.answers.assign(20, outcome(Verdict::deferred, "451 later"));
  spool::Envelope made = envelope({"b@y.test"});
  made.sender = *smtp::parse_mailbox("app@sender.test");
  accept(std::move(made));
  world.run_for(20min + 10s);
  ASSERT_TRUE(notifier.notices.empty());
  EXPECT_EQ(act(Act::hold, "y.test").recipients, 1u);
  bool told = true;
  EXPECT_TRUE(spool->recover(
      [&](const spool::StoredMessage& stored) {
        if (stored.envelope.sender) told = stored.progress.at(0).delay_notified;
      },
      [](MessageId, Error) {}));
  EXPECT_FALSE(told);
  world.run_for(2min);
  EXPECT_EQ(notifier.notices.size(), 1u);
}

TEST_F(QueueCommands, what_is_being_sent_is_too_late_to_cancel) {
  courier.takes = 1min;
  accept(envelope({"a@x.test"}));
  world.run_for(5s);
  Tally tally = act(Act::cancel, "x.test");
  EXPECT_EQ(tally.recipients, 0u);
  EXPECT_EQ(tally.sending, 1u);
  world.run_for(2min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
}

TEST_F(QueueCommands, a_dry_run_counts_and_changes_nothing) {
  accept_and_defer({"a@x.test"});
  EXPECT_EQ(act(Act::cancel, "x.test", true).recipients, 1u);
  EXPECT_THAT(kinds(), IsEmpty());
  EXPECT_EQ(queue->unsettled_recipients(), 1u);
}

}  // namespace
}  // namespace waypost::queue
