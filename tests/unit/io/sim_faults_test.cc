#include <gtest/gtest.h>

#include "io/draw.h"
#include "tests/unit/io/sim_support.h"

namespace waypost::io {
namespace {

using namespace sim_test;

TEST(SimFaults, refuses_and_blackholes_by_share) {
  TwoHosts hosts(1);
  SimNetworkFaults& faults = hosts.world.network().faults();
  faults.refused_share = 1;
  EXPECT_EQ(hosts.connect().error().code(), ErrorCode::refused);
  faults.refused_share = 0;
  faults.blackholed_share = 1;
  EXPECT_EQ(hosts.connect().error().code(), ErrorCode::timed_out);
  faults.reliable_hosts = {server_host};
  EXPECT_TRUE(hosts.connect());
}

TEST(SimFaults, holds_octets_during_a_partition_and_delivers_them_when_healed) {
  TwoHosts hosts(1);
  hosts.join();
  SimNetwork& network = hosts.world.network();
  network.partition(server_host, client_host);
  ASSERT_TRUE(hosts.write(*hosts.near, "through"));
  EXPECT_EQ(hosts.connect().error().code(), ErrorCode::timed_out);
  EXPECT_EQ(hosts.read(*hosts.far).error().code(), ErrorCode::timed_out);
  network.heal_partition(client_host, server_host);
  EXPECT_EQ(hosts.read_all(*hosts.far, 7).value(), "through");
  EXPECT_TRUE(hosts.connect());
}

TEST(SimFaults, brings_a_host_back_after_its_outage) {
  TwoHosts hosts(1);
  SimNetworkFaults& faults = hosts.world.network().faults();
  faults.host_down_share = 1;
  faults.host_down_min = faults.host_down_max = 5min;
  EXPECT_EQ(hosts.connect().error().code(), ErrorCode::timed_out);
  faults.host_down_share = 0;
  EXPECT_EQ(hosts.connect().error().code(), ErrorCode::timed_out);
  hosts.world.run_for(5min);
  EXPECT_TRUE(hosts.connect());
}

TEST(SimFaults, resets_both_ends_after_some_octets) {
  TwoHosts hosts(1);
  SimNetworkFaults& faults = hosts.world.network().faults();
  faults.reset_share = 1;
  faults.reset_octets_max = 10;
  hosts.join();
  ASSERT_TRUE(hosts.write(*hosts.near, "0123456789"));
  hosts.settle();
  auto read = hosts.read_all(*hosts.far, 11);
  EXPECT_EQ(read.error().code(), ErrorCode::peer_gone);
  EXPECT_EQ(hosts.write(*hosts.near, "x").error().code(), ErrorCode::peer_gone);
  EXPECT_EQ(hosts.world.network().connections(smtp_port).open, 0u);
}

TEST(SimFaults, stalls_for_a_time_and_goes_on) {
  TwoHosts hosts(1);
  SimNetworkFaults& faults = hosts.world.network().faults();
  faults.stall_share = 1;
  faults.stall_min = faults.stall_max = 10min;
  faults.reset_octets_max = 0;  // from the first octets on
  hosts.join();
  Instant start = hosts.world.now();
  ASSERT_TRUE(hosts.write(*hosts.near, "a"));
  ASSERT_EQ(hosts.read(*hosts.far).value(), "a");
  ASSERT_TRUE(hosts.write(*hosts.near, "b"));
  EXPECT_EQ(hosts.read(*hosts.far).error().code(), ErrorCode::timed_out);
  EXPECT_EQ(run(hosts.world, hosts.far->read(std::span<char>(), start + 1h)).value(), 0u);
  EXPECT_GE(hosts.world.now() - start, 10min);
  EXPECT_EQ(hosts.read(*hosts.far).value(), "b");
}

TEST(SimFaults, voids_what_was_decided_when_all_is_healed) {
  TwoHosts hosts(1);
  SimNetwork& network = hosts.world.network();
  network.faults().reset_share = 1;
  network.faults().stall_share = 1;
  hosts.join();
  network.faults().refused_share = 1;
  network.take_down(server_host, hosts.world.now() + 24h);
  network.heal();
  std::string text(50'000, 'x');
  ASSERT_TRUE(hosts.write(*hosts.near, text));
  EXPECT_EQ(hosts.read_all(*hosts.far, text.size()).value(), text);
  EXPECT_TRUE(hosts.connect());
}

TEST(SimFaults, shows_a_killed_process_to_its_peers_as_gone) {
  TwoHosts hosts(1);
  hosts.join();
  hosts.server->kill();
  EXPECT_EQ(hosts.read(*hosts.near).error().code(), ErrorCode::peer_gone);
  EXPECT_EQ(hosts.connect().error().code(), ErrorCode::refused);
  SimProcess& again = hosts.world.make_process(server_host);
  auto listener = again.network().listen(smtp_port, {});
  ASSERT_TRUE(listener);
  EXPECT_TRUE(hosts.connect());
}

// What one process of the kill test runs: servers that echo, clients that talk, sleepers.
struct Program {
  Program(SimProcess& own, const Endpoint& serve_at) : process(own) {
    listener = std::move(own.network().listen(serve_at, {}).value());
    group.start(serve());
    for (int index = 0; index < 3; ++index) group.start(talk());
    group.start(doze());
  }

  Task<void> serve() {
    while (true) {
      auto stream = co_await listener->accept();
      if (!stream) co_return;
      group.start(echo(std::move(*stream)));
    }
  }
  Task<void> echo(std::unique_ptr<Stream> stream) {
    char octets[512];
    while (true) {
      auto count = co_await stream->read(octets, process.now() + 3s);
      if (!count || *count == 0) co_return;
      auto written = co_await stream->write({octets, *count}, process.now() + 3s);
      if (!written) co_return;
    }
  }
  Task<void> talk() {
    while (true) {
      Endpoint to{draw_chance(process.rng(), 0.5) ? client_host : server_host, 25};
      co_await sleep_until(process, process.now() + draw_between(process.rng(), 0s, 1s));
      auto stream = co_await process.network().connect(to, {}, process.now() + 2s);
      if (!stream) continue;
      std::string text(draw_between(process.rng(), 1, 5000), 'x');
      auto written = co_await (*stream)->write(text, process.now() + 2s);
      char octets[512];
      size_t got = 0;
      while (written && got < text.size()) {
        auto count = co_await (*stream)->read(octets, process.now() + 2s);
        if (!count || *count == 0) break;
        got += *count;
      }
      completed += got == text.size() ? 1 : 0;
    }
  }
  Task<void> doze() {
    while (true) co_await sleep_until(process, process.now() + 100ms);
  }

  SimProcess& process;
  size_t completed = 0;
  std::unique_ptr<Listener> listener;
  TaskGroup group;  // first to go
};

TEST(SimFaults, survives_a_thousand_kills_at_random_steps) {
  SimWorld world(42);
  SimNetworkFaults& faults = world.network().faults();
  faults.in_flight_octets_max = 700;
  faults.reset_share = faults.stall_share = faults.refused_share = faults.blackholed_share = 0.05;
  Rng& rng = world.rng();
  const Endpoint endpoints[] = {{client_host, 25}, {server_host, 25}};
  std::unique_ptr<Program> programs[2];
  size_t completed = 0;
  for (int kill = 0; kill < 1000; ++kill) {
    for (int index : {0, 1})
      if (!programs[index])
        programs[index] = std::make_unique<Program>(world.make_process(endpoints[index].address),
                                                    endpoints[index]);
    for (uint64_t steps = draw_below(rng, 2000); steps > 0; --steps) world.step();
    auto& victim = programs[draw_below(rng, 2)];
    victim->process.kill();
    // Its frames go at once, or linger while the world goes on without them.
    for (uint64_t steps = draw_below(rng, 3); steps > 0; --steps) world.step();
    completed += victim->completed;
    victim.reset();
  }
  EXPECT_GT(completed, 1000u);
}

TEST(SimFaults, lets_streams_and_frames_go_in_any_order) {
  TwoHosts hosts(1);
  hosts.join();
  std::optional<TaskGroup> group(std::in_place);
  struct Body {
    static Task<void> read(Stream& stream, Loop& loop) {
      char octets[16];
      (void)co_await stream.read(octets, loop.now() + patience);
    }
    static Task<void> accept(Listener& listener) { (void)co_await listener.accept(); }
  };
  group->start(Body::read(*hosts.far, *hosts.server));
  group->start(Body::accept(*hosts.listener));
  hosts.server->kill();
  hosts.far.reset();
  hosts.listener.reset();
  hosts.settle();
  group.reset();
  hosts.settle();
}

}  // namespace
}  // namespace waypost::io
