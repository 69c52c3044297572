#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/queue/queue_fixture.h"

// What waits for a time that somebody asked for.
namespace waypost::queue {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct ScheduledTest : QueueTest {
  ScheduledTest() { started = process.now(); }

  // As intake makes it: its life begins when it may go.
  spool::Envelope scheduled(Duration ahead, std::vector<std::string> addresses = {"a@x.test"},
                            Duration lives = 1h) {
    spool::Envelope made = envelope(std::move(addresses), ahead + lives);
    made.not_before =
        made.accepted_at + std::chrono::duration_cast<std::chrono::microseconds>(ahead);
    made.sender = *smtp::parse_mailbox("app@sender.test");
    return made;
  }
  void start_again() {
    make();
    EXPECT_TRUE(
        spool->recover([&](spool::StoredMessage message) { queue->restore(std::move(message)); },
                       [](MessageId, const Error&) { ADD_FAILURE(); }));
  }
  Result<Tally> act(Act what, std::string recipient, Duration ahead = {}) {
    Command command;
    command.act = what;
    command.selector.recipient = std::move(recipient);
    command.reason = "they asked";
    command.at = process.wall_now() + std::chrono::duration_cast<std::chrono::microseconds>(ahead);
    Result<Tally> tally;
    tasks.start(act_into(std::move(command), tally));
    world.run_for(1s);
    return tally;
  }
  io::Task<void> act_into(Command command, Result<Tally>& tally) {
    tally = co_await queue->act(std::move(command));
  }
  // However long the disk takes.
  std::vector<spool::StoredMessage> found_after_a_power_cut_behind(Act what, WallTime at) {
    medium.set_sync_time(300ms);
    Command command;
    command.act = what;
    command.selector.all = true;
    command.at = at;
    Result<Tally> tally;
    tasks.start(act_into(std::move(command), tally));
    const Instant asked = process.now();
    while (tally && tally->recipients == 0 && process.now() - asked < 1s) world.run_for(1ms);
    EXPECT_EQ(tally->recipients, 1u);
    medium.power_cut(world.rng());
    std::vector<spool::StoredMessage> found;
    spool::MemoryStore after(medium, process);
    EXPECT_TRUE(
        after.recover([&](spool::StoredMessage message) { found.push_back(std::move(message)); },
                      [](MessageId, const Error&) { ADD_FAILURE(); }));
    return found;
  }
  Duration since_start(size_t attempt) const { return courier.started.at(attempt) - started; }
  Standing standing(const spool::Envelope& of) const { return queue->standings(of.id).at(0); }

  Instant started;
};

TEST_F(ScheduledTest, goes_at_its_time_and_not_before) {
  const spool::Envelope made = scheduled(10h);
  accept(made);
  world.run_for(10h - 1s);
  EXPECT_THAT(courier.started, IsEmpty());
  EXPECT_THAT(kinds(), IsEmpty());
  EXPECT_EQ(standing(made).hold, Hold::scheduled);
  EXPECT_EQ(standing(made).next_attempt_at, made.not_before);
  EXPECT_EQ(standing(made).scheduled_at, made.not_before);
  EXPECT_EQ(standing(made).reason,
            "to be sent at " + base::to_rfc3339(made.not_before) + ", as was asked for");
  EXPECT_EQ(queue->places().scheduled, 1u);
  EXPECT_EQ(queue->places().other, 0u);
  world.run_for(10s);
  ASSERT_THAT(courier.started, SizeIs(1));
  EXPECT_GE(since_start(0), 10h);
  EXPECT_LT(since_start(0), 10h + 1s);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
  EXPECT_EQ(stored(), 0u);
}

TEST_F(ScheduledTest, a_retry_leaves_what_is_paused_its_time_and_says_so) {
  const spool::Envelope made = scheduled(10h);
  accept(made);
  world.run_for(1s);
  queue->pause({{ScopeKind::domain, "x.test"}, "me", "", process.wall_now(), std::nullopt});
  const Result<Tally> tally = act(Act::retry, "a@x.test");
  ASSERT_TRUE(tally);
  EXPECT_EQ(tally->recipients, 0u);
  EXPECT_EQ(tally->paused, 1u);
  EXPECT_EQ(standing(made).scheduled_at, made.not_before);
  EXPECT_TRUE(queue->resume({ScopeKind::domain, "x.test"}));
  world.run_for(1h);
  EXPECT_THAT(courier.started, IsEmpty()) << "it goes at its time, and not at the resume";
  world.run_for(10h);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
}

TEST_F(ScheduledTest, counts_what_is_held_and_scheduled_without_a_site) {
  spool::Envelope made = scheduled(10h, {"a@x.test", "b@x.test"});
  accept(made);
  world.run_for(1s);
  EXPECT_EQ(queue->unrouted()[size_t(Place::scheduled)], 2u);
  ASSERT_TRUE(act(Act::hold, "a@x.test"));
  EXPECT_EQ(queue->unrouted()[size_t(Place::scheduled)], 1u);
  EXPECT_EQ(queue->unrouted()[size_t(Place::held)], 1u);
  EXPECT_EQ(queue->places().held, 1u);
  ASSERT_TRUE(act(Act::release, "a@x.test"));
  world.run_for(11h);
  EXPECT_EQ(queue->unrouted()[size_t(Place::scheduled)], 0u);
  EXPECT_EQ(queue->unrouted()[size_t(Place::held)], 0u);
  EXPECT_EQ(queue->unrouted()[size_t(Place::settled)], 2u);
}

TEST_F(ScheduledTest, is_found_again_with_its_time_after_a_restart) {
  const spool::Envelope made = scheduled(20 * 24h);
  accept(made);
  world.run_for(9 * 24h);
  start_again();
  world.run_for(2 * 24h);
  start_again();
  EXPECT_EQ(standing(made).hold, Hold::scheduled);
  EXPECT_EQ(standing(made).expires_at, made.expires_at);
  world.run_for(9 * 24h - 1s);
  EXPECT_THAT(courier.started, IsEmpty());
  world.run_for(10s);
  ASSERT_THAT(courier.started, SizeIs(1));
  EXPECT_GE(since_start(0), 20 * 24h);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
}

TEST_F(ScheduledTest, goes_at_the_start_when_its_time_came_while_we_were_away) {
  accept(scheduled(1h));
  world.run_for(1min);
  queue.reset();
  world.run_for(3 * 24h);
  start_again();
  world.run_for(10s);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
}

TEST_F(ScheduledTest, is_late_by_a_minute_at_most_when_the_clock_is_set_forward) {
  accept(scheduled(10h));
  world.run_for(1h);
  world.jump_wall_clock(8h);
  world.run_for(59min);
  EXPECT_THAT(courier.started, IsEmpty());
  world.jump_wall_clock(1h);
  world.run_for(61s);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
}

TEST_F(ScheduledTest, waits_for_a_clock_that_is_set_back_and_is_tried_all_the_same) {
  courier.answers = {outcome(Verdict::deferred, "451 later")};
  accept(scheduled(2h, {"a@x.test"}, 30min));
  world.run_for(1h);
  world.jump_wall_clock(-5h);
  world.run_for(6h - 1s);
  EXPECT_THAT(courier.started, IsEmpty());
  EXPECT_THAT(kinds(), IsEmpty()) << "it would be over by the old reckoning";
  world.run_for(5min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::deferred, EventKind::delivered));
}

TEST_F(ScheduledTest, has_its_whole_life_where_the_clock_was_set_back_meanwhile) {
  courier.answers.assign(100, outcome(Verdict::deferred, "451 later"));
  accept(scheduled(2h, {"a@x.test"}, 30min));
  world.run_for(1h);
  world.jump_wall_clock(-20min);
  world.run_for(1h + 20min + 20min);
  EXPECT_THAT(kinds(), Contains(EventKind::deferred));
  EXPECT_THAT(kinds(), Not(Contains(EventKind::expired)));
  world.run_for(15min);
  EXPECT_EQ(kinds().back(), EventKind::expired);
}

TEST_F(ScheduledTest, is_not_held_for_years_by_a_clock_that_is_set_back_by_years) {
  accept(scheduled(20 * 24h));
  world.run_for(1min);
  world.jump_wall_clock(-3 * 365 * 24h);
  world.run_for(31 * 24h);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
  world.jump_wall_clock(3 * 365 * 24h);
  const spool::Envelope made = scheduled(20 * 24h);
  accept(made);
  world.run_for(1min);
  world.jump_wall_clock(-3 * 365 * 24h);
  start_again();
  world.run_for(29 * 24h);
  EXPECT_EQ(queue->messages(), 1u);
  world.run_for(2 * 24h);
  EXPECT_EQ(queue->messages(), 0u);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered, EventKind::delivered));
}

TEST_F(ScheduledTest, lives_from_its_time_on) {
  courier.answers.assign(100, outcome(Verdict::deferred, "451 later"));
  accept(scheduled(5h));
  world.run_for(5h + 45min);
  EXPECT_THAT(kinds(), Contains(EventKind::deferred));
  EXPECT_THAT(kinds(), Not(Contains(EventKind::expired)));
  world.run_for(20min);
  EXPECT_EQ(kinds().back(), EventKind::expired);
}

TEST_F(ScheduledTest, has_its_delay_told_from_its_time_on) {
  courier.answers.assign(100, outcome(Verdict::deferred, "451 later"));
  accept(scheduled(5h));
  world.run_for(5h + 19min);
  EXPECT_THAT(notifier.notices, IsEmpty());
  world.run_for(5min);
  ASSERT_THAT(notifier.notices, SizeIs(1));
  EXPECT_EQ(notifier.notices[0].kind, NoticeKind::delayed);
}

TEST_F(ScheduledTest, is_warned_of_at_half_of_the_time_before_its_deadline) {
  courier.answers.assign(100, outcome(Verdict::deferred, "451 later"));
  spool::Envelope made = scheduled(5h);
  made.has_deadline = true;
  accept(made);
  world.run_for(5h + 29min);
  EXPECT_THAT(kinds(), Not(Contains(EventKind::expiring)));
  world.run_for(2min);
  EXPECT_THAT(kinds(), Contains(EventKind::expiring));
}

TEST_F(ScheduledTest, is_sent_at_another_time_that_a_person_names) {
  const spool::Envelope made = scheduled(10h);
  accept(made);
  world.run_for(1min);
  ASSERT_EQ(act(Act::reschedule, "a@x.test", 20h)->recipients, 1u);
  ASSERT_THAT(kinds(), ElementsAre(EventKind::rescheduled));
  EXPECT_EQ(sink.events[0].reply, "they asked");
  EXPECT_EQ(sink.events[0].scheduled_at, made.accepted_at + 20h + 1min);
  EXPECT_EQ(standing(made).expires_at, made.accepted_at + 21h + 1min);
  ASSERT_EQ(act(Act::reschedule, "a@x.test", 15h)->recipients, 1u);
  EXPECT_EQ(standing(made).expires_at, made.accepted_at + 16h + 1min + 1s);
  world.run_for(15h - 2s);
  EXPECT_THAT(courier.started, IsEmpty());
  world.run_for(10s);
  EXPECT_THAT(courier.started, SizeIs(1));
  EXPECT_EQ(kinds().back(), EventKind::delivered);
}

TEST_F(ScheduledTest, keeps_the_other_time_and_its_life_over_restarts) {
  courier.answers.assign(100, outcome(Verdict::deferred, "451 later"));
  const spool::Envelope made = scheduled(2h);
  accept(made);
  world.run_for(1min);
  ASSERT_TRUE(act(Act::reschedule, "a@x.test", 20h));
  start_again();
  EXPECT_EQ(standing(made).hold, Hold::scheduled);
  EXPECT_EQ(standing(made).scheduled_at, made.accepted_at + 20h + 1min);
  EXPECT_EQ(standing(made).expires_at, made.accepted_at + 21h + 1min);
  world.run_for(20h - 2s);
  EXPECT_THAT(courier.started, IsEmpty());
  world.run_for(1min);
  EXPECT_EQ(kinds().back(), EventKind::deferred);
  start_again();
  EXPECT_EQ(standing(made).hold, Hold::deferred) << "its time has come";
  EXPECT_EQ(standing(made).expires_at, made.accepted_at + 21h + 1min);
  world.run_for(40min);
  EXPECT_EQ(kinds().back(), EventKind::deferred);
  world.run_for(25min);
  EXPECT_EQ(kinds().back(), EventKind::expired);
}

TEST_F(ScheduledTest, a_retry_leaves_what_was_put_off_and_is_paused_since_its_time_as_well) {
  courier.answers = {outcome(Verdict::deferred, "451 later")};
  const spool::Envelope made = scheduled(Duration(0));
  accept(made);
  world.run_for(20s);
  const WallTime next = standing(made).next_attempt_at;
  queue->pause({{ScopeKind::domain, "x.test"}, "me", "", process.wall_now(), std::nullopt});
  const Result<Tally> tally = act(Act::retry, "a@x.test");
  EXPECT_EQ(tally->recipients, 0u);
  EXPECT_EQ(tally->paused, 1u);
  EXPECT_TRUE(queue->resume({ScopeKind::domain, "x.test"}));
  world.run_for(1s);
  EXPECT_THAT(courier.started, SizeIs(1)) << "it goes at its time, and not at the resume";
  world.run_for(next - process.wall_now() + 1s);
  EXPECT_THAT(courier.started, SizeIs(2));
}

TEST_F(ScheduledTest, stands_on_the_disk_before_the_person_has_the_answer) {
  accept(scheduled(2h));
  world.run_for(1min);
  const WallTime wanted = process.wall_now() + 5h;
  const auto found = found_after_a_power_cut_behind(Act::reschedule, wanted);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].scheduled_at(0), wanted);
}

TEST_F(ScheduledTest, a_power_cut_behind_the_answer_does_not_undo_a_cancel) {
  accept(scheduled(2h));
  world.run_for(1min);
  EXPECT_THAT(found_after_a_power_cut_behind(Act::cancel, {}), IsEmpty());
}

TEST_F(ScheduledTest, goes_now_when_a_person_says_so_and_a_crash_does_not_forget_it) {
  courier.answers = {outcome(Verdict::deferred, "451 later")};
  const spool::Envelope made = scheduled(10h);
  accept(made);
  world.run_for(1min);
  EXPECT_EQ(act(Act::retry, "a@x.test")->recipients, 1u);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::rescheduled));
  EXPECT_THAT(courier.started, SizeIs(1));
  start_again();
  EXPECT_NE(standing(made).hold, Hold::scheduled);
  world.run_for(5min);
  EXPECT_EQ(kinds().back(), EventKind::delivered);
  // And so does a time that is over.
  accept(scheduled(10h));
  world.run_for(1min);
  EXPECT_EQ(act(Act::reschedule, "a@x.test", -1h)->recipients, 1u);
  world.run_for(5s);
  EXPECT_EQ(kinds().back(), EventKind::delivered);
}

TEST_F(ScheduledTest, waits_on_when_a_whole_domain_is_tried_again) {
  const spool::Envelope made = scheduled(10h);
  accept(made);
  Command command;
  command.act = Act::retry;
  command.selector.domain = "x.test";
  Result<Tally> tally;
  tasks.start(act_into(command, tally));
  world.run_for(1min);
  EXPECT_EQ(tally->recipients, 0u);
  EXPECT_EQ(standing(made).hold, Hold::scheduled);
  command.selector.hold = Hold::scheduled;
  tasks.start(act_into(command, tally));
  world.run_for(1min);
  EXPECT_EQ(kinds().back(), EventKind::delivered);
}

TEST_F(ScheduledTest, may_be_what_was_deferred_or_had_no_time) {
  courier.answers = {outcome(Verdict::deferred, "451 later")};
  spool::Envelope made = envelope({"a@x.test", "b@y.test"});
  accept(made);
  world.run_for(5s);
  ASSERT_THAT(queue->standings(made.id), SizeIs(1));
  EXPECT_EQ(act(Act::reschedule, "a@x.test", 10h)->recipients, 1u);
  EXPECT_EQ(act(Act::reschedule, "b@y.test", 10h)->recipients, 0u) << "it is delivered";
  start_again();
  world.run_for(10h - 5s);
  EXPECT_THAT(courier.started, SizeIs(2));
  world.run_for(10s);
  EXPECT_EQ(kinds().back(), EventKind::delivered);
  EXPECT_EQ(stored(), 0u);
}

TEST_F(ScheduledTest, has_the_recipients_of_one_message_go_at_their_own_times) {
  const spool::Envelope made = scheduled(2h, {"a@x.test", "b@y.test"});
  accept(made);
  world.run_for(1min);
  ASSERT_TRUE(act(Act::reschedule, "b@y.test", 30h));
  start_again();
  world.run_for(2h);
  EXPECT_EQ(kinds().back(), EventKind::delivered);
  EXPECT_THAT(courier.first_recipients, ElementsAre("a@x.test"));
  start_again();
  EXPECT_EQ(standing(made).hold, Hold::scheduled);
  EXPECT_EQ(standing(made).expires_at, made.accepted_at + 31h + 1min);
  world.run_for(28h + 5s);
  EXPECT_THAT(courier.first_recipients, ElementsAre("a@x.test", "b@y.test"));
  EXPECT_EQ(stored(), 0u);
}

TEST_F(ScheduledTest, is_refused_more_than_30_days_ahead) {
  accept(scheduled(2h));
  world.run_for(1min);
  EXPECT_TRUE(act(Act::reschedule, "a@x.test", 30 * 24h));
  Result<Tally> refused = act(Act::reschedule, "a@x.test", 30 * 24h + 1s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_input);
}

TEST_F(ScheduledTest, may_be_held_released_and_cancelled_while_it_waits) {
  const spool::Envelope made = scheduled(10h);
  accept(made);
  world.run_for(1min);
  EXPECT_EQ(act(Act::hold, "a@x.test")->recipients, 1u);
  EXPECT_EQ(standing(made).hold, Hold::held);
  EXPECT_EQ(standing(made).scheduled_at, made.not_before);
  start_again();
  EXPECT_EQ(act(Act::reschedule, "a@x.test", 20h)->recipients, 1u);
  EXPECT_EQ(standing(made).hold, Hold::held) << "another time does not let it go";
  EXPECT_EQ(act(Act::release, "a@x.test")->recipients, 1u);
  EXPECT_EQ(standing(made).hold, Hold::scheduled);
  world.run_for(15h);
  EXPECT_THAT(courier.started, IsEmpty());
  EXPECT_EQ(act(Act::cancel, "a@x.test")->recipients, 1u);
  EXPECT_EQ(queue->messages(), 0u);
  EXPECT_EQ(stored(), 0u);
  world.run_for(24h);
  EXPECT_THAT(courier.started, IsEmpty());
}

TEST_F(ScheduledTest, grows_old_from_its_time_on_while_it_is_held) {
  accept(scheduled(2h, {"a@x.test"}, 30min));
  const spool::Envelope released = scheduled(2h, {"b@x.test"}, 30min);
  accept(released);
  world.run_for(1min);
  ASSERT_TRUE(act(Act::hold, "a@x.test"));
  ASSERT_TRUE(act(Act::hold, "b@x.test"));
  world.run_for(1h);
  world.jump_wall_clock(-5h);
  world.run_for(6h);
  EXPECT_EQ(queue->messages(), 2u) << "their time has just come";
  EXPECT_THAT(courier.started, IsEmpty());
  ASSERT_TRUE(act(Act::release, "b@x.test"));
  world.run_for(5s);
  EXPECT_EQ(kinds().back(), EventKind::delivered);
  world.run_for(31min);
  EXPECT_EQ(kinds().back(), EventKind::expired);
  EXPECT_EQ(queue->messages(), 0u);
}

TEST_F(ScheduledTest, waits_for_the_end_of_a_pause_too) {
  const spool::Envelope made = scheduled(1h);
  accept(made);
  queue->pause({{ScopeKind::domain, "x.test"}, "ann", "to look into it", process.wall_now(), {}});
  world.run_for(1s);
  EXPECT_THAT(standing(made).reason, HasSubstr("; when that is over: "));
  world.run_for(65min);
  EXPECT_EQ(standing(made).hold, Hold::paused);
  queue->resume({ScopeKind::domain, "x.test"});
  world.run_for(5s);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::delivered));
}

TEST_F(ScheduledTest, lets_go_of_many_at_once_in_several_turns_of_the_loop) {
  courier.takes = 1h;
  for (int i = 0; i < 1500; ++i) accept(scheduled(1h));
  world.run_for(1h - 1s);
  io::Timer in_between(process.timers());
  size_t left = 0;
  in_between.start(process.now() + 1s, [&] { left = queue->places().scheduled; });
  world.run_for(2s);
  EXPECT_EQ(left, 500u);
  EXPECT_EQ(queue->places().scheduled, 0u);
}

}  // namespace
}  // namespace waypost::queue
