#include "io/sim_network.h"

#include <gtest/gtest.h>

#include "tests/unit/io/sim_support.h"

namespace waypost::io {
namespace {

using namespace sim_test;

TEST(SimNetwork, carries_octets_both_ways_and_tells_a_clean_end) {
  TwoHosts hosts(1);
  hosts.join();
  EXPECT_EQ(hosts.near->peer(), smtp_port);
  EXPECT_EQ(hosts.far->local(), smtp_port);
  EXPECT_EQ(hosts.far->peer().address, client_host);
  EXPECT_EQ(hosts.far->peer(), hosts.near->local());
  ASSERT_TRUE(hosts.write(*hosts.near, "EHLO\r\n"));
  EXPECT_EQ(hosts.read_all(*hosts.far, 6).value(), "EHLO\r\n");
  ASSERT_TRUE(hosts.write(*hosts.far, "250\r\n"));
  hosts.far->close();
  EXPECT_EQ(hosts.read_all(*hosts.near, 100).value(), "250\r\n");
  EXPECT_EQ(hosts.read(*hosts.near).value(), "");
}

TEST(SimNetwork, takes_time_within_the_latency_that_was_set) {
  TwoHosts hosts(1);
  hosts.world.network().faults().latency_min = 100ms;
  hosts.world.network().faults().latency_max = 150ms;
  Instant start = hosts.world.now();
  hosts.join();
  EXPECT_GE(hosts.world.now() - start, 200ms);
  EXPECT_LE(hosts.world.now() - start, 300ms);
  start = hosts.world.now();
  ASSERT_TRUE(hosts.write(*hosts.near, "x"));
  EXPECT_EQ(hosts.world.now(), start);
  ASSERT_TRUE(hosts.read(*hosts.far));
  EXPECT_GE(hosts.world.now() - start, 100ms);
}

TEST(SimNetwork, delivers_in_order_and_in_pieces) {
  TwoHosts hosts(3);
  hosts.world.network().faults().tiny_pieces_share = 1;
  hosts.join();
  std::string text;
  for (int line = 0; line < 300; ++line) text += "line " + std::to_string(line) + "\r\n";
  size_t reads = 0;
  ASSERT_TRUE(hosts.write(*hosts.near, text));
  EXPECT_EQ(hosts.read_all(*hosts.far, text.size(), &reads).value(), text);
  EXPECT_GT(reads, 10u);
}

TEST(SimNetwork, suspends_a_writer_until_the_reader_takes_its_octets) {
  TwoHosts hosts(1);
  hosts.world.network().faults().in_flight_octets_max = 1000;
  hosts.join();
  std::string text(1001, 'x');
  auto full = hosts.write(*hosts.near, text, 5s);
  EXPECT_EQ(full.error().code(), ErrorCode::timed_out);
  EXPECT_EQ(hosts.read_all(*hosts.far, 1000).value().size(), 1000u);
  hosts.settle();
  EXPECT_TRUE(hosts.write(*hosts.near, std::string(1000, 'y'), 5s));
}

TEST(SimNetwork, ends_a_read_at_its_deadline_and_reads_on_afterwards) {
  TwoHosts hosts(1);
  hosts.join();
  Instant start = hosts.world.now();
  EXPECT_EQ(hosts.read(*hosts.far, 5s).error().code(), ErrorCode::timed_out);
  EXPECT_EQ(hosts.world.now(), start + 5s);
  ASSERT_TRUE(hosts.write(*hosts.near, "late"));
  hosts.settle();
  EXPECT_EQ(hosts.read(*hosts.far, -1s).value(), "late") << "what is there needs no time";
}

TEST(SimNetwork, refuses_where_nothing_listens_and_blackholes_where_no_host_is) {
  TwoHosts hosts(1);
  hosts.listener->close();
  EXPECT_EQ(hosts.connect().error().code(), ErrorCode::refused);
  Instant start = hosts.world.now();
  auto nowhere = run(hosts.world, hosts.client->network().connect({address("203.0.113.9"), 25}, {},
                                                                  start + patience));
  EXPECT_EQ(nowhere.error().code(), ErrorCode::timed_out);
  EXPECT_EQ(hosts.world.now(), start + patience);
}

TEST(SimNetwork, connects_only_from_addresses_of_the_host) {
  TwoHosts hosts(1);
  IpAddress second = address("192.0.2.2");
  auto connect = [&](IpAddress source) {
    return run(hosts.world,
               hosts.client->network().connect(smtp_port, {source}, hosts.world.now() + patience));
  };
  EXPECT_EQ(connect(second).error().code(), ErrorCode::unreachable);
  hosts.client->add_address(second);
  auto stream = connect(second);
  ASSERT_TRUE(stream);
  EXPECT_EQ((*stream)->local().address, second);
  auto six = run(hosts.world, hosts.client->network().connect({address("2001:db8::1"), 25}, {},
                                                              hosts.world.now() + patience));
  EXPECT_EQ(six.error().code(), ErrorCode::unreachable);
}

TEST(SimNetwork, listens_once_per_address_unless_the_port_is_shared) {
  TwoHosts hosts(1);
  Network& network = hosts.server->network();
  EXPECT_EQ(network.listen(smtp_port, {}).error().code(), ErrorCode::already_exists);
  EXPECT_EQ(network.listen({client_host, 25}, {}).error().code(), ErrorCode::unreachable);
  auto one = network.listen({server_host, 587}, {true});
  EXPECT_TRUE(one && network.listen({server_host, 587}, {true}));
  auto free_port = network.listen({server_host, 0}, {});
  EXPECT_NE((*free_port)->local().port, 0);
}

TEST(SimNetwork, reaches_a_wildcard_and_loopback_within_the_host_only) {
  TwoHosts hosts(1);
  auto any = hosts.server->network().listen({IpAddress(), 80}, {});
  auto own = hosts.server->network().listen({address("127.0.0.1"), 81}, {});
  ASSERT_TRUE(any && own);
  auto connect = [&](SimProcess& from, IpAddress to, uint16_t port) {
    auto stream =
        run(hosts.world, from.network().connect({to, port}, {}, hosts.world.now() + patience));
    return stream.has_value();
  };
  EXPECT_TRUE(connect(*hosts.client, server_host, 80));
  EXPECT_TRUE(connect(*hosts.server, address("127.0.0.1"), 80));
  EXPECT_TRUE(connect(*hosts.server, address("127.0.0.1"), 81));
  EXPECT_FALSE(connect(*hosts.client, address("127.0.0.1"), 81));
}

TEST(SimNetwork, resets_a_writer_whose_peer_has_closed) {
  TwoHosts hosts(1);
  hosts.join();
  hosts.far->close();
  EXPECT_TRUE(hosts.write(*hosts.near, "into the void")) << "the system takes it at first";
  hosts.settle();
  EXPECT_EQ(hosts.write(*hosts.near, "again").error().code(), ErrorCode::peer_gone);
}

TEST(SimNetwork, resets_instead_of_ending_when_octets_were_left_unread) {
  TwoHosts hosts(1);
  hosts.join();
  ASSERT_TRUE(hosts.write(*hosts.near, "unread"));
  hosts.settle();
  hosts.far->close();
  EXPECT_EQ(hosts.read(*hosts.near).error().code(), ErrorCode::peer_gone);
}

TEST(SimNetwork, resets_what_a_closed_listener_had_not_accepted) {
  TwoHosts hosts(1);
  auto near = std::move(hosts.connect().value());
  hosts.listener->close();
  EXPECT_EQ(hosts.read(*near).error().code(), ErrorCode::peer_gone);
  EXPECT_EQ(hosts.accept().error().code(), ErrorCode::cancelled);
}

// Reads and keeps how that ended.
Task<void> read_into(Stream& stream, Loop& loop, std::optional<Result<size_t>>& ended) {
  char octets[16];
  ended = co_await stream.read(octets, loop.now() + patience);
}

TEST(SimNetwork, calls_off_a_waiting_read_and_still_writes) {
  TwoHosts hosts(1);
  hosts.join();
  std::optional<Result<size_t>> ended;
  TaskGroup group;
  group.start(read_into(*hosts.far, *hosts.server, ended));
  hosts.far->stop_reading();
  EXPECT_FALSE(ended) << "never inside of the call itself";
  hosts.settle();
  EXPECT_EQ(ended->error().code(), ErrorCode::cancelled);
  EXPECT_EQ(hosts.read(*hosts.far).error().code(), ErrorCode::cancelled);
  ASSERT_TRUE(hosts.write(*hosts.far, "421 bye\r\n"));
  EXPECT_EQ(hosts.read_all(*hosts.near, 9).value(), "421 bye\r\n");
  hosts.far->close();
  EXPECT_EQ(hosts.write(*hosts.far, "x").error().code(), ErrorCode::cancelled);
}

TEST(SimNetwork, calls_off_a_waiting_read_by_close) {
  TwoHosts hosts(1);
  hosts.join();
  std::optional<Result<size_t>> ended;
  TaskGroup group;
  group.start(read_into(*hosts.far, *hosts.server, ended));
  hosts.far->close();
  hosts.far->close();
  hosts.settle();
  EXPECT_EQ(ended->error().code(), ErrorCode::cancelled);
}

TEST(SimNetwork, counts_open_connections_until_the_opener_closes) {
  TwoHosts hosts(1);
  auto one = std::move(hosts.connect().value());
  auto two = std::move(hosts.connect().value());
  SimNetwork& network = hosts.world.network();
  EXPECT_EQ(network.connections(smtp_port).open, 2u);
  EXPECT_EQ(network.open_from(*hosts.client), 2u);
  one.reset();
  EXPECT_EQ(network.connections(smtp_port).open, 1u);
  auto three = std::move(hosts.connect().value());
  hosts.client->kill();
  EXPECT_EQ(network.connections(smtp_port).open, 0u);
  EXPECT_EQ(network.connections(smtp_port).peak, 2u);
  EXPECT_EQ(network.connections(smtp_port).total, 3u);
  EXPECT_EQ(network.open_from(*hosts.client), 0u);
}

TEST(SimNetwork, knows_local_sockets_by_the_path_on_one_host) {
  TwoHosts hosts(1);
  auto connect = [&](SimProcess& from) {
    return run(hosts.world, from.network().connect_local("/run/w", hosts.world.now() + patience));
  };
  EXPECT_EQ(connect(*hosts.server).error().code(), ErrorCode::not_found);
  auto listener = std::move(hosts.server->network().listen_local("/run/w").value());
  auto near = connect(*hosts.server);
  auto far = run(hosts.world, listener->accept());
  ASSERT_TRUE(near && far);
  EXPECT_EQ((*far)->peer(), Endpoint());
  ASSERT_TRUE(hosts.write(**near, "hello"));
  EXPECT_EQ(hosts.read_all(**far, 5).value(), "hello");
  EXPECT_EQ(connect(*hosts.client).error().code(), ErrorCode::not_found);
  listener->close();
  EXPECT_EQ(connect(*hosts.server).error().code(), ErrorCode::refused);
  EXPECT_TRUE(hosts.server->network().listen_local("/run/w")) << "a stale path is replaced";
}

}  // namespace
}  // namespace waypost::io
