#include "delivery/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/attempts.h"
#include "tests/sim/ledger.h"
#include "tests/sim/peer.h"

// From where a message leaves.
namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;
using events::Phase;
using events::Verdict;
using testing::HasSubstr;

MessageId id_of(uint64_t number) {
  std::array<uint8_t, 10> random{};
  // Not the first octets: the version of the id overwrites some of their bits.
  for (size_t i = 0; i < 8; ++i) random[2 + i] = static_cast<uint8_t>(number >> (8 * i));
  return MessageId::make(WallTime(), random);
}

TEST(Shares, come_first_as_often_as_their_weights_say) {
  std::vector<SourcePool::Share> shares{{"a", 1}, {"b", 2}, {"c", 5}};
  std::array<unsigned, 3> first{};
  constexpr unsigned messages = 8000;
  for (unsigned i = 0; i < messages; ++i) ++first[order_of_shares(shares, id_of(i)).front()];
  EXPECT_NEAR(first[0], messages / 8, messages / 80);
  EXPECT_NEAR(first[1], messages / 4, messages / 60);
  EXPECT_NEAR(first[2], messages * 5 / 8, messages / 60);
}

TEST(Shares, move_no_message_between_the_sources_that_stay) {
  std::vector<SourcePool::Share> three{{"a"}, {"b"}, {"c"}};
  std::vector<SourcePool::Share> two{{"a"}, {"b"}};
  for (unsigned i = 0; i < 500; ++i) {
    std::vector<size_t> order = order_of_shares(three, id_of(i));
    EXPECT_EQ(order, order_of_shares(three, id_of(i)));
    if (order.front() == 2) continue;
    EXPECT_EQ(order_of_shares(two, id_of(i)).front(), order.front());
  }
}

struct SourcesTest : testing::Test, fakes::Attempts {
  SourcesTest() {
    EXPECT_TRUE(peer.listen({there.host(), 25}));
    change = [this](spool::Envelope& envelope) {
      envelope.stream = stream;
      body = std::string(sim::token_field) + "t" + std::to_string(ids) + "\r\n\r\nx\r\n";
    };
    here.add_address(second);
    settings.sources = {source("one", here.host()), source("two", second),
                        source("gone", IpAddress::v4({10, 0, 0, 77}))};
    site_connections_max = 4;
  }
  static Source source(std::string id, IpAddress address) {
    Source made;
    made.helo = id + ".relay.test";
    made.id = std::move(id);
    made.v4 = address;
    return made;
  }
  void use(std::vector<SourcePool::Share> shares) {
    settings.pools = {{"all", {}, std::move(shares)}};
    settings.pool = "all";
  }
  events::Outcome one(Duration time = 5s) {
    Outcomes outcomes = attempt({"a@x.test"}, time);
    return outcomes.empty() ? events::Outcome{} : outcomes.front();
  }
  size_t connections() { return world.network().connections({there.host(), 25}).total; }

  const IpAddress second = IpAddress::v4({10, 0, 0, 9});
  std::string stream;
  sim::Ledger ledger{world};
  sim::Peer peer{there, ledger, "mx.x.test", {}};
};

TEST_F(SourcesTest, says_which_source_a_message_came_from) {
  use({{"two"}});
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
  EXPECT_EQ(outcome.peer.source, "two");
  EXPECT_EQ(outcome.peer.source_address, "10.0.0.9");
}

TEST_F(SourcesTest, never_uses_a_connection_of_one_source_for_another) {
  use({{"one"}, {"two"}});
  settings.idle_connection = 10min;
  std::map<std::string, unsigned> by_source;
  for (int i = 0; i < 12; ++i) ++by_source[one(1s).peer.source];
  ASSERT_EQ(by_source.size(), 2u) << "chance would have it otherwise once in 2000 times";
  EXPECT_EQ(connections(), 2u) << "one for each source, and each is used again";
}

TEST_F(SourcesTest, passes_over_a_source_whose_address_is_not_here) {
  use({{"gone", 1000}, {"one"}});
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
  EXPECT_EQ(outcome.peer.source, "one");
  ASSERT_TRUE(deliverer().sources().trouble("gone"));
  EXPECT_EQ(*deliverer().sources().trouble("gone"), "10.0.0.77 is not an address of this machine");
  world.run_for(Sources::passed_over_for);
  EXPECT_FALSE(deliverer().sources().trouble("gone")) << "it gets another chance";
}

TEST_F(SourcesTest, sends_from_no_address_that_the_pool_has_not) {
  use({{"gone"}});
  for (int i = 0; i < 2; ++i) {
    events::Outcome outcome = one();
    EXPECT_EQ(outcome.verdict, Verdict::deferred);
    EXPECT_EQ(outcome.phase, Phase::egress);
    EXPECT_FALSE(outcome.concerns_site);
    EXPECT_THAT(outcome.reason, HasSubstr("10.0.0.77 is not an address of this machine"));
  }
  EXPECT_EQ(connections(), 0u);
}

TEST_F(SourcesTest, keeps_a_message_to_its_source_when_the_host_refuses) {
  use({{"one"}, {"two"}});
  world.network().faults().refused_share = 1;
  events::Outcome outcome = one(1min);
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_TRUE(outcome.concerns_site);
  EXPECT_FALSE(deliverer().sources().trouble("one") || deliverer().sources().trouble("two"));
}

TEST_F(SourcesTest, takes_the_pool_of_the_route_then_of_the_stream_then_of_all_mail) {
  settings.pools = {{"all", {}, {{"one"}}}, {"bulk", {"bulk"}, {{"two"}}}};
  settings.pool = "all";
  EXPECT_EQ(one().peer.source, "one");
  stream = "bulk";
  EXPECT_EQ(one().peer.source, "two");
  Settings changed = settings;
  Smarthost route;
  route.id = "partner";
  route.match = {"x.test"};
  route.host = "mx.x.test";
  route.tls = TlsPolicy::never;
  route.pool = "all";
  changed.smarthosts = {route};
  deliverer().reconfigure(changed);
  EXPECT_EQ(one().peer.source, "one");
}

TEST_F(SourcesTest, asks_only_for_addresses_of_a_family_that_the_source_has) {
  settings.sources[0].v4.reset();
  settings.sources[0].v6 = *IpAddress::parse("2001:db8::1");
  use({{"one"}});
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_THAT(outcome.reason, HasSubstr("no IPv6 address"));
}

}  // namespace
}  // namespace waypost::delivery
