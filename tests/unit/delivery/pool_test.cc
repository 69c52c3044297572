#include "delivery/pool.h"

#include <gtest/gtest.h>

#include "tests/fakes/attempts.h"
#include "tests/sim/ledger.h"
#include "tests/sim/peer.h"

namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;

// Nine sites, one machine.
struct PoolTest : testing::Test, fakes::Attempts {
  PoolTest() {
    EXPECT_TRUE(peer.listen({there.host(), 25}));
    for (int i = 0; i < 9; ++i) {
      std::string domain = "y" + std::to_string(i) + ".test";
      resolver.add_mx(domain, 10, "mx." + domain);
      resolver.add_address("mx." + domain, there.host());
    }
    change = [this](spool::Envelope&) {
      body = std::string(sim::token_field) + "t" + std::to_string(ids) + "\r\n\r\nx\r\n";
    };
  }
  void send_to_all(int times) {
    for (int round = 0; round < times; ++round)
      for (int i = 0; i < 9; ++i) {
        std::vector<std::string> recipients{"a@y" + std::to_string(i) + ".test"};
        all.emplace_back(std::make_unique<Outcomes>());
        tasks.start(carry(std::move(recipients), *all.back()));
      }
  }
  size_t delivered() {
    size_t count = 0;
    for (const auto& outcomes : all)
      for (const events::Outcome& outcome : *outcomes)
        count += outcome.verdict == events::Verdict::delivered ? 1 : 0;
    return count;
  }

  sim::Ledger ledger{world};
  sim::Peer peer{there, ledger, "mx.x.test", {}};
  std::vector<std::unique_ptr<Outcomes>> all;
};

TEST_F(PoolTest, never_has_more_connections_than_allowed_over_all_sites) {
  settings.connections_max = 2;
  settings.idle_connection = 1h;
  send_to_all(3);
  world.run_for(30min);
  EXPECT_EQ(delivered(), 27u) << "idle connections make room";
  EXPECT_LE(world.network().connections({there.host(), 25}).peak, 2u);
  EXPECT_LE(deliverer().pool().open(), 2u);
}

// Whoever runs a zone may name the mail host of somebody else beside their own.
TEST_F(PoolTest, domains_share_connections_to_the_hosts_that_both_have_only) {
  settings.idle_connection = 1h;
  settings.connect_timeout = 1s;
  for (std::string domain : {"a.test", "b.test"}) {
    resolver.add_mx(domain, 5, "mx.shared.test");
    resolver.add_mx(domain, 10, "backup." + domain);
    resolver.add_address("backup." + domain, there.host());
  }
  resolver.add_address("mx.shared.test", *IpAddress::parse("10.99.0.1"));
  site = "mx.shared.test";
  EXPECT_EQ(attempt({"x@a.test"}, 1min).front().peer.host, "backup.a.test");
  EXPECT_EQ(attempt({"x@b.test"}, 1min).front().peer.host, "backup.b.test");
}

TEST_F(PoolTest, a_higher_limit_lets_in_who_waits) {
  settings.connections_max = 1;
  peer.behaviour().stall_share = 1;
  send_to_all(1);
  world.run_for(10s);
  EXPECT_EQ(deliverer().pool().open(), 1u);
  peer.behaviour().stall_share = 0;
  Settings changed = settings;
  changed.connections_max = 9;
  deliverer().reconfigure(changed);
  world.run_for(10s);
  EXPECT_EQ(delivered(), 8u);
}

TEST_F(PoolTest, gives_the_next_place_to_an_urgent_message) {
  settings.connections_max = 1;
  send_to_all(1);
  world.run_for(10ms);
  EXPECT_EQ(delivered(), 0u);
  urgent = true;
  Outcomes outcomes;
  tasks.start(carry({"urgent@x.test"}, outcomes));
  world.run_for(30min);
  EXPECT_EQ(delivered(), 9u);
  ASSERT_EQ(outcomes.size(), 1u);
  ASSERT_EQ(ledger.arrivals().size(), 10u);
  EXPECT_EQ(ledger.arrivals()[1].recipient, "urgent@x.test") << "behind the one under way";
}

TEST_F(PoolTest, tells_how_many_connections_of_each_site_are_idle) {
  settings.idle_connection = 1h;
  site_connections_max = 2;
  Outcomes outcomes[4];
  tasks.start(carry({"a@y0.test"}, outcomes[0]));
  tasks.start(carry({"b@y0.test"}, outcomes[1]));
  tasks.start(carry({"a@y1.test"}, outcomes[2]));
  const Pool& pool = deliverer().pool();
  world.run_until([&] { return pool.open() == 3; }, world.now() + 1s);
  EXPECT_EQ(pool.open(), 3u);
  EXPECT_EQ(pool.idle("mx.y0.test"), 0u) << "they are in use";
  world.run_for(1min);
  EXPECT_EQ(pool.idle("mx.y0.test"), 2u);
  EXPECT_EQ(pool.idle("mx.y1.test"), 1u);
  EXPECT_EQ(pool.idle("mx.y2.test"), 0u);
  peer.behaviour().stall_share = 1;
  tasks.start(carry({"c@y0.test"}, outcomes[3]));
  world.run_for(1s);
  EXPECT_EQ(pool.idle("mx.y0.test"), 1u) << "the other one has a message";
  EXPECT_EQ(pool.idle("mx.y1.test"), 1u);
}

TEST_F(PoolTest, forgets_sites_that_have_no_connection) {
  send_to_all(1);
  world.run_for(1s);
  EXPECT_GT(deliverer().pool().sites(), 0u);
  world.run_for(1min);
  EXPECT_EQ(delivered(), 9u);
  EXPECT_EQ(deliverer().pool().sites(), 0u);
  EXPECT_EQ(deliverer().pool().open(), 0u);
}

TEST_F(PoolTest, gives_the_place_of_a_connection_that_was_not_made_back) {
  settings.connections_max = 1;
  world.network().faults().refused_share = 1;
  send_to_all(1);
  world.run_for(10min);
  EXPECT_EQ(deliverer().pool().open(), 0u);
  EXPECT_EQ(deliverer().pool().sites(), 0u);
}

TEST_F(PoolTest, says_goodbye_to_all_at_the_end) {
  settings.idle_connection = 1h;
  send_to_all(1);
  world.run_for(1min);
  EXPECT_EQ(deliverer().pool().open(), 9u);
  tasks.start(deliverer().stop());
  world.run_for(10s);
  EXPECT_EQ(deliverer().pool().open(), 0u);
  EXPECT_EQ(world.network().connections({there.host(), 25}).open, 0u);
}

}  // namespace
}  // namespace waypost::delivery
