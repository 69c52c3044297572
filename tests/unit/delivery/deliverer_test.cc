#include "delivery/deliverer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "io/memory_disk.h"
#include "io/sim_network.h"
#include "io/sim_world.h"
#include "spool/batch_store.h"
#include "spool/memory_store.h"
#include "tests/sim/ledger.h"
#include "tests/sim/peer.h"

// One attempt against a pretend server (tests/sim/peer.h), step by step.
namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;
using events::Phase;
using events::Verdict;

struct DelivererTest : testing::Test {
  DelivererTest() {
    resolver.add_mx("x.test", 10, "mx.x.test");
    resolver.add_address("mx.x.test", there.host());
    EXPECT_TRUE(peer.listen({there.host(), 25}));
    world.network().faults().tiny_pieces_share = 0;
    settings.hostname = "relay.test";
    settings.tls = TlsPolicy::never;
    deliverer = std::make_unique<Deliverer>(
        Deliverer::Dependencies{here, here.network(), resolver, *tls, *spool}, settings);
  }

  std::vector<events::Outcome> attempt(std::vector<std::string> recipients) {
    std::vector<events::Outcome> outcomes;
    tasks.start(carry(std::move(recipients), outcomes));
    world.run_for(20min);
    return outcomes;
  }
  io::Task<void> carry_two() {
    std::vector<events::Outcome> outcomes;
    std::vector<std::string> first{"a@x.test"};
    co_await carry(std::move(first), outcomes);
    std::vector<std::string> second{"b@x.test"};
    co_await carry(std::move(second), outcomes);
  }
  static io::Task<void> at_once() { co_return; }
  io::Task<void> carry(std::vector<std::string> recipients,
                       std::vector<events::Outcome>& outcomes) {
    spool::Envelope envelope;
    std::array<uint8_t, 10> random{};
    random[9] = ++ids;
    envelope.id = MessageId::make(here.wall_now(), random);
    for (const std::string& recipient : recipients)
      envelope.recipients.push_back(*smtp::parse_mailbox(recipient));
    std::vector<spool::Chunk> chunks;
    chunks.push_back({0, "Subject: x\r\n"});
    chunks.push_back(
        {1, std::string(sim::token_field) + "t" + std::to_string(ids) + "\r\n\r\n.hidden\r\n"});
    envelope.chunks = 2;
    for (const spool::Chunk& chunk : chunks) envelope.size_octets += chunk.octets.size();
    envelope.size_octets += octets_missing;
    envelope.expires_at = here.wall_now() + 1h;
    Result<void> committed = co_await spool->commit(envelope, std::move(chunks));
    EXPECT_TRUE(committed);
    Order order;
    for (uint32_t i = 0; i < envelope.recipients.size(); ++i) order.recipients.push_back(i);
    order.envelope = std::make_shared<const spool::Envelope>(std::move(envelope));
    order.domain = "x.test";
    order.site = "mx.x.test";
    order.messages_per_connection_max = 10;
    order.turn = [] { return at_once(); };
    order.settle = [&outcomes](std::vector<events::Outcome> came) {
      outcomes = std::move(came);
      return at_once();
    };
    co_await deliverer->attempt(std::move(order));
  }

  io::SimWorld world{7};
  io::SimProcess& here = world.make_process(IpAddress::v4({10, 0, 0, 1}));
  io::SimProcess& there = world.make_process(IpAddress::v4({10, 0, 0, 2}));
  sim::Ledger ledger{world};
  sim::Peer peer{there, ledger, "mx.x.test", {}};
  dns::MemoryResolver resolver{here};
  io::MemoryDisk disk{1};
  std::unique_ptr<tls::ClientContext> tls = *tls::ClientContext::create({}, disk, world);
  spool::SpoolMedium medium;
  spool::MemoryStore store{medium, here};
  std::unique_ptr<spool::Spool> spool = spool::make_spool(store, here);
  Settings settings;
  std::unique_ptr<Deliverer> deliverer;
  uint8_t ids = 0;
  uint64_t octets_missing = 0;  // how much less the spool gives than was accepted
  io::TaskGroup tasks;
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

}  // namespace
}  // namespace waypost::delivery
