#include "tests/sim/invariants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::sim {
namespace {

using events::Event;
using events::EventKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

struct HandClock final : io::Clock {
  Instant now() const override { return at; }
  WallTime wall_now() const override { return {}; }
  Instant at{1h};
};

const std::string to = "user1@a.example";

// One message for one recipient, to be told on.
struct Story {
  Story() {
    std::array<uint8_t, 10> random{};
    id = MessageId::make({}, random);
    submission = &ledger.submit("c-1", "c@client.sim.example");
    submission->recipients = {to};
    submission->content_hash = 7;
  }
  Story& acknowledged() {
    emit(EventKind::accepted);
    ledger.settle(*submission, Fate::acknowledged, "250 ok");
    return *this;
  }
  Story& emit(EventKind kind) {
    Event event;
    event.kind = kind;
    event.message = id;
    event.recipients = {to};
    event.sender = sender;
    if (kind == EventKind::accepted) event.message_id = message_id_of("c-1");
    ledger.emit(event);
    clock.at += 1s;
    return *this;
  }
  Story& arrive(bool answered = true, bool confirmed = true) {
    Arrival& arrival = ledger.arrive({"a", ledger.next_transaction(), "c-1", to, 7, {}});
    arrival.answered = answered;
    arrival.confirmed = confirmed;
    clock.at += 1s;
    return *this;
  }
  Story& kill(size_t connections = 1, bool power_cut = false) {
    ledger.killed(connections, power_cut);
    clock.at += 1s;
    return *this;
  }
  // The sender has an address, which the accepted event names.
  Story& acknowledged_to(const std::string& from) {
    sender = from;
    return acknowledged();
  }
  Story& notice(const std::string& kind) {
    ledger.noticed({clock.now(), kind, id, to});
    clock.at += 1s;
    return *this;
  }
  Breaches notices() {
    Breaches out;
    check_notices(ledger, out);
    return out;
  }
  Breaches lost(bool queued = false) {
    Breaches out;
    std::vector<Queued> waiting;
    if (queued) waiting.push_back({id, to, {}});
    check_nothing_lost(ledger, waiting, out);
    return out;
  }
  Breaches arrivals() {
    Breaches out;
    check_arrivals(ledger, out);
    return out;
  }
  Breaches duplicates() {
    Breaches out;
    check_duplicates(ledger, out);
    return out;
  }

  HandClock clock;
  Ledger ledger{clock};
  MessageId id;
  std::string sender;  // none is the null sender
  Submission* submission;
};

TEST(Invariants, find_an_acknowledged_message_that_is_lost) {
  EXPECT_THAT(Story().acknowledged().lost(), ElementsAre(HasSubstr("is lost")));
  EXPECT_THAT(Story().acknowledged().lost(true), IsEmpty());
  EXPECT_THAT(Story().acknowledged().arrive().emit(EventKind::delivered).lost(), IsEmpty());
  EXPECT_THAT(Story().acknowledged().emit(EventKind::expired).lost(), IsEmpty());
  Story silent;
  silent.ledger.settle(*silent.submission, Fate::acknowledged, "250 ok");
  EXPECT_THAT(silent.lost(), ElementsAre(HasSubstr("without an accepted event")));
}

TEST(Invariants, find_a_recipient_that_is_both_settled_and_queued) {
  Story story;
  story.acknowledged().arrive().emit(EventKind::delivered);
  EXPECT_THAT(story.lost(true), ElementsAre(HasSubstr("still queued")));
  EXPECT_THAT(story.kill().lost(true), IsEmpty());
}

TEST(Invariants, find_a_recipient_that_is_delivered_and_bounced) {
  Story both;
  both.ledger.refused_for_good(to);
  both.acknowledged().arrive().emit(EventKind::delivered);
  EXPECT_THAT(both.lost(), IsEmpty());
  both.emit(EventKind::bounced);
  EXPECT_THAT(both.lost(), ElementsAre(HasSubstr("was delivered and then bounced")));
}

TEST(Invariants, find_verdicts_that_no_server_gave) {
  EXPECT_THAT(Story().acknowledged().emit(EventKind::delivered).lost(),
              ElementsAre(HasSubstr("no server said 250")));
  EXPECT_THAT(Story().acknowledged().arrive(false).emit(EventKind::delivered).lost(),
              ElementsAre(HasSubstr("no server said 250")));
  EXPECT_THAT(Story().acknowledged().emit(EventKind::bounced).lost(),
              ElementsAre(HasSubstr("no server refused it")));
}

TEST(Invariants, find_what_arrives_without_having_been_sent) {
  EXPECT_THAT(Story().acknowledged().arrive().arrivals(), IsEmpty());
  EXPECT_THAT(Story().arrive().arrivals(), ElementsAre(HasSubstr("never sent to the end")));
  Story unknown;
  unknown.ledger.settle(*unknown.submission, Fate::unknown, "no reply");
  EXPECT_THAT(unknown.arrive().arrivals(), IsEmpty());
  Story changed;
  changed.submission->content_hash = 8;
  EXPECT_THAT(changed.acknowledged().arrive().arrivals(), ElementsAre(HasSubstr("changed")));
  Story other;
  other.submission->recipients = {"user2@a.example"};
  EXPECT_THAT(other.acknowledged().arrive().arrivals(), ElementsAre(HasSubstr("not sent to")));
}

TEST(Invariants, let_a_failed_commit_reappear_only_after_a_kill) {
  Story refused;
  refused.ledger.settle(*refused.submission, Fate::refused, "451 4.3.0 no");
  EXPECT_THAT(refused.arrive().arrivals(), ElementsAre(HasSubstr("was refused")));
  Story reappears;
  reappears.ledger.settle(*reappears.submission, Fate::refused, "451 4.3.0 no");
  EXPECT_THAT(reappears.kill().arrive().arrivals(), IsEmpty());
  Story bounced;
  bounced.ledger.settle(*bounced.submission, Fate::refused, "554 5.6.0 no");
  EXPECT_THAT(bounced.kill().arrive().arrivals(), ElementsAre(HasSubstr("was refused")));
}

TEST(Invariants, find_duplicates_that_nothing_excuses) {
  EXPECT_THAT(Story().arrive().arrive().duplicates(), ElementsAre(HasSubstr("arrived twice")));
  EXPECT_THAT(Story().arrive(false, false).arrive().duplicates(), IsEmpty());
  EXPECT_THAT(Story().arrive(true, false).arrive().duplicates(), IsEmpty());
  EXPECT_THAT(Story().kill().arrive().arrive().duplicates(), testing::SizeIs(1));
}

TEST(Invariants, excuse_one_duplicate_for_each_connection_of_a_kill) {
  EXPECT_THAT(Story().arrive().kill(1).arrive().duplicates(), IsEmpty());
  EXPECT_THAT(Story().arrive().kill(0).arrive().duplicates(), testing::SizeIs(1));
  EXPECT_THAT(Story().arrive().kill(1).arrive().arrive().duplicates(), testing::SizeIs(1));
}

TEST(Invariants, excuse_what_a_power_cut_made_the_server_forget_but_nothing_older) {
  EXPECT_THAT(Story().arrive().kill(0, true).arrive().duplicates(), IsEmpty());
  Story old;
  old.arrive();
  old.clock.at += 1min;
  EXPECT_THAT(old.kill(0, true).arrive().duplicates(), testing::SizeIs(1));
}

TEST(Invariants, find_too_many_connections_and_too_many_messages_a_second) {
  Story story;
  Breaches out;
  SiteLimit limit{.connections_max = 2, .messages_per_second = 1, .burst = 2, .jitter = 0s};
  story.ledger.connections_open("a", 2);
  for (Duration wait : {0s, 0s, 1s, 1s}) {
    story.clock.at += wait;
    story.ledger.began_transaction("a");
  }
  check_limits(story.ledger, {{"a", limit}}, out);
  EXPECT_THAT(out, IsEmpty());
  story.ledger.connections_open("a", 3);
  story.ledger.began_transaction("a");
  check_limits(story.ledger, {{"a", limit}}, out);
  EXPECT_THAT(out, ElementsAre(HasSubstr("3 connections"), HasSubstr("messages a second")));
}

TEST(Invariants, find_more_than_an_hour_or_a_minute_may_have) {
  Story story;
  Breaches out;
  SiteLimit limit{.connections_per_minute = 2, .messages_per_hour = 3, .jitter = 0s};
  for (Duration wait : {0s, 1800s, 1799s, 1s}) {
    story.clock.at += wait;
    story.ledger.began_transaction("a");
    story.ledger.connected("a");
  }
  check_limits(story.ledger, {{"a", limit}}, out);
  EXPECT_THAT(out, IsEmpty());
  story.ledger.began_transaction("a");
  story.ledger.connected("a");
  check_limits(story.ledger, {{"a", limit}}, out);
  EXPECT_THAT(out, ElementsAre(HasSubstr("messages to a: more than 3"),
                               HasSubstr("new connections to a: more than 2")));
}

TEST(Invariants, excuse_what_was_counted_just_before_a_kill_and_nothing_older) {
  SiteLimit limit{.messages_per_hour = 1, .unsaved = 2s, .jitter = 0s};
  for (Duration before : {1s, 3s}) {
    Story story;
    Breaches out;
    story.ledger.began_transaction("a");
    story.clock.at += before;
    story.kill();
    story.clock.at += 1min;
    story.ledger.began_transaction("a");
    check_limits(story.ledger, {{"a", limit}}, out);
    EXPECT_EQ(out.size(), before > limit.unsaved ? 1u : 0u);
  }
}

const std::string from = "c@client.sim.example";

TEST(Invariants, find_a_failure_that_nobody_told_the_sender) {
  for (EventKind kind : {EventKind::bounced, EventKind::expired}) {
    EXPECT_THAT(Story().acknowledged_to(from).emit(kind).notices(),
                ElementsAre(HasSubstr("nobody told the sender")));
    EXPECT_THAT(Story().acknowledged_to(from).notice("failed").emit(kind).notices(), IsEmpty());
    EXPECT_THAT(Story().acknowledged_to(from).notice("delayed").emit(kind).notices(),
                ElementsAre(HasSubstr("nobody told the sender")));
    EXPECT_THAT(Story().acknowledged().emit(kind).notices(), IsEmpty());
  }
}

TEST(Invariants, find_a_null_sender_that_was_told) {
  EXPECT_THAT(Story().acknowledged().notice("failed").emit(EventKind::bounced).notices(),
              ElementsAre(HasSubstr("null sender")));
}

TEST(Invariants, find_a_failure_that_was_told_and_did_not_come) {
  Story story;
  story.acknowledged_to(from).notice("failed").emit(EventKind::delivered);
  EXPECT_THAT(story.notices(), ElementsAre(HasSubstr("is told to have failed, and did not")));
  Story cancelled;
  cancelled.acknowledged_to(from).notice("failed").emit(EventKind::cancelled);
  EXPECT_THAT(cancelled.notices(), ElementsAre(HasSubstr("is told to have failed, and did not")));
  // The kill took back that it failed, and the next attempt went well.
  Story excused;
  excused.acknowledged_to(from).notice("failed").kill().emit(EventKind::delivered);
  EXPECT_THAT(excused.notices(), IsEmpty());
}

TEST(Invariants, find_a_sender_that_is_told_twice_without_a_kill) {
  for (const char* kind : {"failed", "delayed"}) {
    Story twice;
    twice.acknowledged_to(from).notice(kind).notice(kind).emit(EventKind::bounced);
    EXPECT_THAT(twice.notices(), testing::Contains(HasSubstr("was told twice")));
    Story excused;
    excused.acknowledged_to(from).notice(kind).kill().notice(kind);
    EXPECT_THAT(excused.notices(), testing::Each(testing::Not(HasSubstr("told twice"))));
  }
}

TEST(Invariants, find_what_a_sender_reads_and_nobody_wrote) {
  Story story;
  story.acknowledged_to(from).notice("failed").emit(EventKind::bounced);
  story.ledger.told("failed", to);
  EXPECT_THAT(story.notices(), IsEmpty());
  story.ledger.told("delayed", to);
  EXPECT_THAT(story.notices(), ElementsAre(HasSubstr("reads what nobody wrote")));
}

TEST(Invariants, find_what_is_forgotten_or_left) {
  WallTime now{24h};
  std::vector<Queued> queued{{MessageId(), to, now - 10min}};
  Breaches out;
  check_not_forgotten(queued, now, 10min, out);
  EXPECT_THAT(out, IsEmpty());
  check_not_forgotten(queued, now, 9min, out);
  check_drained(queued, out);
  EXPECT_THAT(out, ElementsAre(HasSubstr("forgotten"), HasSubstr("still queued")));
}

}  // namespace
}  // namespace waypost::sim
