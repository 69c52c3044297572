#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/queue/queue_fixture.h"

// Messages that are worth nothing after a time that their sender said.
namespace waypost::queue {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct DeadlineTest : QueueTest {
  spool::Envelope password(Duration lives = 10min) {
    spool::Envelope made = envelope({"a@x.test"}, lives);
    made.has_deadline = true;
    return made;
  }
  void refuse(int times) {
    for (int i = 0; i < times; ++i)
      courier.answers.push_back(outcome(Verdict::deferred, "451 later"));
  }
  void start_again() {
    make();
    EXPECT_TRUE(
        spool->recover([&](spool::StoredMessage message) { queue->restore(std::move(message)); },
                       [](MessageId, Error) { ADD_FAILURE(); }));
  }
};

TEST_F(DeadlineTest, is_warned_of_at_half_of_the_time_with_what_holds_the_message) {
  limits.connections.value = 1;
  make();
  courier.takes = 7min;
  accept(envelope({"other@x.test"}));
  world.run_for(1s);
  accept(password());
  world.run_for(4min);
  EXPECT_THAT(kinds(), IsEmpty());
  EXPECT_THAT(queue->running_out(), IsEmpty());
  world.run_for(90s);
  ASSERT_THAT(kinds(), ElementsAre(EventKind::expiring));
  EXPECT_THAT(sink.events[0].reply, HasSubstr("5 m 0 s are left; slot: "));
  EXPECT_THAT(sink.events[0].recipients, ElementsAre("a@x.test"));
  EXPECT_THAT(queue->running_out(), SizeIs(1));
  courier.takes = 1s;
  world.run_for(5min);
  EXPECT_THAT(kinds(),
              ElementsAre(EventKind::expiring, EventKind::delivered, EventKind::delivered));
  EXPECT_THAT(queue->running_out(), IsEmpty());
}

TEST_F(DeadlineTest, is_warned_of_for_many_messages_in_several_turns_of_the_loop) {
  limits.connections.value = 1;
  make();
  courier.takes = 1h;
  const spool::Envelope first = password();
  const Instant half = process.now() + 5min;
  for (int i = 0; i < 1500; ++i) {
    spool::Envelope made = password();
    made.accepted_at = first.accepted_at;
    made.expires_at = first.expires_at;
    queue->add(std::move(made));
  }
  io::Timer in_between(process.timers());
  size_t by_then = 0;
  in_between.start(half, [&] { by_then = queue->running_out().size(); });
  world.run_for(6min);
  EXPECT_EQ(by_then, 1000u);
  EXPECT_THAT(queue->running_out(), SizeIs(1500));
}

TEST_F(DeadlineTest, has_no_delay_told_of_mail_that_is_found_at_the_start_before_it_is_tried) {
  refuse(1);
  spool::Envelope made = password(70min);  // delays are told after 20 minutes
  made.sender = *smtp::parse_mailbox("app@sender.test");
  accept(std::move(made));
  world.run_for(10s);
  queue.reset();
  world.run_for(40min);
  start_again();
  world.run_for(1min);
  EXPECT_THAT(notifier.notices, IsEmpty());
}

TEST_F(DeadlineTest, is_not_warned_of_where_there_is_none) {
  refuse(4);
  accept(envelope({"a@x.test"}, 10min));
  world.run_for(9min);
  EXPECT_THAT(kinds(), Not(Contains(EventKind::expiring)));
}

TEST_F(DeadlineTest, is_tried_for_until_it_comes_and_not_after_it) {
  refuse(100);
  accept(password());
  world.run_for(20min);
  EXPECT_EQ(kinds().back(), EventKind::expired);
  EXPECT_GE(courier.started.size(), 6u);
  EXPECT_LE(courier.started.back() - courier.started.front(), 10min);
  EXPECT_EQ(stored(), 0u);
}

TEST_F(DeadlineTest, is_kept_however_long_it_took_to_connect) {
  courier.connects_in = 10min;
  accept(password(5min));
  world.run_for(15min);
  EXPECT_THAT(courier.started, IsEmpty());
  ASSERT_THAT(kinds(), ElementsAre(EventKind::expiring, EventKind::expired));
  EXPECT_THAT(sink.events.back().reply,
              "its deadline was over before it could be sent to mx.x.test");
  EXPECT_EQ(stored(), 0u);
  // Of a message without one, its sender wants to have it late rather than never.
  accept(envelope({"a@x.test"}, 5min));
  world.run_for(15min);
  EXPECT_THAT(courier.started, SizeIs(1));
}

TEST_F(DeadlineTest, leaves_the_turn_that_comes_too_late_to_the_next_message) {
  limits.connections.value = 3;
  limits.messages_per_second.value = 0.01;
  make();
  // They start 100 seconds apart, and want to name their messages at the same time.
  courier.connects_in = 300s;
  accept(envelope({"a@x.test"}));
  world.run_for(50s);
  courier.connects_in = 200s;
  accept(password(300s));
  world.run_for(100s);
  courier.connects_in = 100s;
  accept(envelope({"c@x.test"}));
  world.run_for(10min);
  ASSERT_THAT(courier.started, SizeIs(2));
  EXPECT_EQ(courier.started[1] - courier.started[0], 100s);
  EXPECT_THAT(kinds(), Contains(EventKind::expired));
}

TEST_F(DeadlineTest, is_kept_over_a_restart_that_takes_longer_than_the_message_lives) {
  refuse(1);
  accept(password());
  world.run_for(30s);
  queue.reset();
  world.run_for(15min);
  start_again();
  world.run_for(1h);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::deferred, EventKind::expired));
  EXPECT_THAT(courier.started, SizeIs(1)) << "nobody wants it any more";
  EXPECT_EQ(stored(), 0u);
}

TEST_F(DeadlineTest, is_warned_of_again_after_a_restart) {
  refuse(100);
  accept(password());
  world.run_for(6min);
  start_again();
  world.run_for(1s);
  EXPECT_THAT(queue->running_out(), SizeIs(1));
}

}  // namespace
}  // namespace waypost::queue
