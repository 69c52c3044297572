#include "delivery/deliverer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/attempts.h"
#include "tests/sim/ledger.h"
#include "tests/sim/peer.h"

// One attempt against a pretend server (tests/sim/peer.h), step by step.
namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;
using events::Phase;
using events::Verdict;

struct DelivererTest : testing::Test, fakes::Attempts {
  DelivererTest() {
    EXPECT_TRUE(peer.listen({there.host(), 25}));
    change = [this](spool::Envelope& envelope) {
      envelope.size_octets = octets_missing;
      body = std::string(sim::token_field) + "t" + std::to_string(ids) + "\r\n\r\n.hidden\r\n";
    };
  }
  io::Task<void> carry_two() {
    Outcomes outcomes;
    std::vector<std::string> first{"a@x.test"};
    co_await carry(std::move(first), outcomes);
    std::vector<std::string> second{"b@x.test"};
    co_await carry(std::move(second), outcomes);
  }

  io::Task<std::optional<std::string>> turn_after(Duration wait) {
    co_await io::sleep_until(here, world.now() + wait);
    co_return std::nullopt;
  }

  sim::Ledger ledger{world};
  sim::Peer peer{there, ledger, "mx.x.test", {}};
  uint64_t octets_missing = 0;  // how much less the spool gives than was accepted
};

TEST_F(DelivererTest, delivers_with_and_without_pipelining) {
  for (bool pipelining : {true, false}) {
    peer.behaviour().pipelining = pipelining;
    auto outcomes = attempt({"a@x.test", "b@x.test"});
    ASSERT_EQ(outcomes.size(), 2u);
    for (const events::Outcome& outcome : outcomes) {
      EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
      EXPECT_EQ(outcome.phase, Phase::content);
      EXPECT_EQ(outcome.peer.host, "mx.x.test");
      EXPECT_EQ(outcome.peer.address, "10.0.0.2:25");
    }
  }
  EXPECT_EQ(ledger.arrivals().size(), 4u);
  EXPECT_TRUE(peer.protocol_breaches().empty());
}

TEST_F(DelivererTest, tells_apart_what_each_recipient_was_answered) {
  peer.behaviour().greylisted_attempts = 1;
  attempt({"known@x.test"});
  auto outcomes = attempt({"known@x.test", "new@x.test"});
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].verdict, Verdict::delivered) << outcomes[0].text();
  EXPECT_EQ(outcomes[1].verdict, Verdict::deferred);
  EXPECT_EQ(outcomes[1].phase, Phase::rcpt);
  EXPECT_EQ(outcomes[1].reply->code, 451);
}

TEST_F(DelivererTest, judges_the_phase_that_was_refused) {
  peer.behaviour().mail_4yz_share = 1;
  EXPECT_EQ(attempt({"a@x.test"}).front().phase, Phase::mail);
  peer.behaviour().mail_4yz_share = 0;
  peer.behaviour().data_4yz_share = 1;
  EXPECT_EQ(attempt({"a@x.test"}).front().phase, Phase::data);
  peer.behaviour().data_4yz_share = 0;
  peer.behaviour().dot_5yz_share = 1;
  auto outcome = attempt({"a@x.test"}).front();
  EXPECT_EQ(outcome.phase, Phase::content);
  EXPECT_EQ(outcome.verdict, Verdict::bounced);
  EXPECT_FALSE(outcome.concerns_site);
  EXPECT_TRUE(peer.protocol_breaches().empty()) << peer.protocol_breaches().front();
}

TEST_F(DelivererTest, keeps_a_connection_for_the_next_message) {
  tasks.start(carry_two());
  world.run_for(5s);
  EXPECT_EQ(ledger.arrivals().size(), 2u);
  EXPECT_EQ(world.network().connections({there.host(), 25}).total, 1u);
  world.run_for(1min);
  EXPECT_EQ(world.network().connections({there.host(), 25}).open, 0u);
}

// Or what limits MAIL to a time, a deadline above all, would not hold where they are slow.
TEST_F(DelivererTest, has_nothing_to_wait_for_between_its_turn_and_mail) {
  settings.idle_connection = 1h;
  settings.transcripts = Transcripts::all;
  peer.behaviour().rcpt_4yz_share = 1;
  attempt({"a@x.test"}, 1min);
  turn = [this] { return turn_after(10s); };
  auto outcomes = attempt({"b@x.test"}, 1min);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(world.network().connections({there.host(), 25}).total, 1u);
  const std::string& transcript = *outcomes[0].transcript;
  EXPECT_THAT(transcript, testing::ContainsRegex("\\+0\\.[0-9]+ > RSET"));
  EXPECT_THAT(transcript, testing::ContainsRegex("\\+10\\.[0-9]+ > MAIL"));
}

TEST_F(DelivererTest, calls_a_host_that_cannot_be_reached_a_matter_of_the_site) {
  world.network().faults().refused_share = 1;
  auto outcome = attempt({"a@x.test"}).front();
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_TRUE(outcome.concerns_site);
}

TEST_F(DelivererTest, defers_when_the_reply_to_the_dot_is_lost) {
  peer.behaviour().drop_after_dot_share = 1;
  auto outcome = attempt({"a@x.test"}).front();
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(outcome.phase, Phase::content);
  EXPECT_FALSE(outcome.reply);
}

TEST_F(DelivererTest, never_completes_a_message_of_which_the_spool_gives_less_than_was_accepted) {
  octets_missing = 1;
  auto outcomes = attempt({"a@x.test"});
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].verdict, Verdict::deferred);
  EXPECT_EQ(outcomes[0].phase, Phase::content);
  EXPECT_THAT(outcomes[0].text(), testing::HasSubstr("octets of message"));
  EXPECT_TRUE(ledger.arrivals().empty());
}

TEST_F(DelivererTest, gives_up_on_a_host_that_never_answers) {
  peer.behaviour().stall_share = 1;
  auto outcome = attempt({"a@x.test"}).front();
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(outcome.phase, Phase::hello);
  EXPECT_TRUE(outcome.concerns_site);
}

TEST_F(DelivererTest, keeps_a_connection_on_which_a_message_may_not_be_named) {
  settings.idle_connection = 1h;
  turn = [] { return answer_with("enough for this hour"); };
  events::Outcome outcome = attempt({"a@x.test"}, 1min).front();
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(outcome.text(), "enough for this hour");
  EXPECT_EQ(outcome.phase, Phase::egress) << "it is our doing";
  EXPECT_FALSE(outcome.concerns_site);
  turn = [] { return answer_with({}); };
  EXPECT_EQ(attempt({"a@x.test"}, 1min).front().verdict, Verdict::delivered);
  EXPECT_EQ(world.network().connections({there.host(), 25}).total, 1u);
}

}  // namespace
}  // namespace waypost::delivery
