#include "io/sim_world.h"

#include <gtest/gtest.h>

#include "tests/unit/io/sim_support.h"

namespace waypost::io {
namespace {

using namespace sim_test;

Task<void> note_after(SimProcess& process, Duration delay, int number, std::vector<int>& order) {
  co_await sleep_until(process, process.now() + delay);
  order.push_back(number);
}

TEST(SimWorld, runs_timers_in_the_order_of_time_then_of_start) {
  SimWorld world(1);
  SimProcess& process = world.make_process(client_host);
  std::vector<int> order;
  TaskGroup group;
  int number = 0;
  for (Duration delay : {3s, 1s, 2s, 1s}) group.start(note_after(process, delay, number++, order));
  process.post([&] { order.push_back(9); });
  Instant start = world.now();
  world.run_until(start + 2s);
  EXPECT_EQ(order, (std::vector<int>{9, 1, 3, 2}));
  EXPECT_EQ(world.now(), start + 2s);
  world.run_for(1s);
  EXPECT_EQ(order.back(), 0);
  EXPECT_FALSE(world.step());
}

TEST(SimWorld, takes_no_time_of_its_own) {
  SimWorld world(1);
  SimProcess& process = world.make_process(client_host);
  std::vector<int> order;
  TaskGroup group;
  group.start(note_after(process, 24h * 365, 1, order));
  Instant start = world.now();
  EXPECT_TRUE(world.run_until([&] { return !order.empty(); }, start + 24h * 366));
  EXPECT_EQ(world.now(), start + 24h * 365);
}

TEST(SimWorld, jumps_the_wall_clock_without_moving_deadlines) {
  SimWorld world(1);
  Instant now = world.now();
  WallTime wall = world.wall_now();
  world.jump_wall_clock(-2h);
  EXPECT_EQ(world.now(), now);
  EXPECT_EQ(world.wall_now(), wall - 2h);
  world.run_for(1h);
  EXPECT_EQ(world.wall_now(), wall - 1h);
}

TEST(SimWorld, stops_a_killed_process_and_lets_the_others_go_on) {
  SimWorld world(1);
  SimProcess& killed = world.make_process(client_host);
  SimProcess& other = world.make_process(server_host);
  std::vector<int> order;
  TaskGroup group;
  group.start(note_after(killed, 1s, 1, order));
  group.start(note_after(other, 1s, 2, order));
  killed.post([&] { order.push_back(3); });
  killed.kill();
  killed.post([&] { order.push_back(4); });
  world.run_for(1h);
  EXPECT_EQ(order, std::vector<int>{2});
  EXPECT_EQ(group.running(), 1u);
}

// A small crowd that talks, waits and dies by the seed alone.
uint64_t hash_of_a_run(uint64_t seed) {
  TwoHosts hosts(seed);
  hosts.world.network().faults().reset_share = 0.3;
  for (int round = 0; round < 20; ++round) {
    auto near = hosts.connect();
    if (!near) continue;
    auto far = std::move(hosts.accept().value());
    std::string text(1 + hosts.world.rng().next() % 9000, 'x');
    (void)hosts.write(**near, text);
    (void)hosts.read_all(*far, text.size());
  }
  return hosts.world.trace_hash();
}

TEST(SimWorld, repeats_a_run_for_its_seed_and_differs_for_another) {
  EXPECT_EQ(hash_of_a_run(7), hash_of_a_run(7));
  EXPECT_NE(hash_of_a_run(7), hash_of_a_run(8));
}

}  // namespace
}  // namespace waypost::io
