#include "delivery/dialer.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/attempts.h"

// What an attempt comes to when a proxy fails it, and whom that speaks against.
namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;
using events::Phase;
using events::Verdict;
using testing::HasSubstr;

// The network of a machine on which connecting fails before anything has left it.
class FailingNetwork final : public io::Network {
 public:
  using Connected = Result<std::unique_ptr<io::Stream>>;

  FailingNetwork(io::Network& real, int system_error) : real_(real), system_error_(system_error) {}

  io::Task<Connected> connect(Endpoint to, io::ConnectOptions options, Instant deadline) override {
    if (!only_v6 || !to.address.is_v4())
      co_return failure(base::system_failure(system_error_, "preparing a connection"));
    co_return co_await real_.connect(to, options, deadline);
  }
  Result<std::vector<IpAddress>> own_addresses() override { return addresses; }
  Result<std::unique_ptr<io::Listener>> listen(const Endpoint& at,
                                               io::ListenOptions options) override {
    return real_.listen(at, options);
  }
  Result<std::unique_ptr<io::Listener>> listen_local(const std::string& path) override {
    return real_.listen_local(path);
  }
  io::Task<Connected> connect_local(std::string path, Instant deadline) override {
    return real_.connect_local(std::move(path), deadline);
  }

  bool only_v6 = false;
  std::vector<IpAddress> addresses;

 private:
  io::Network& real_;
  const int system_error_;
};

struct DialerTest : testing::Test, fakes::Attempts {
  DialerTest() {
    Source proxied;
    proxied.id = "far";
    proxied.helo = "far.relay.test";
    proxied.v4 = IpAddress::v4({198, 51, 100, 7});
    proxied.proxy = Proxy{ProxyKind::socks5, "10.0.0.5", 1080, "", ""};
    settings.sources = {proxied};
    settings.pools = {{"all", {}, {{"far"}}}};
    settings.pool = "all";
    settings.connect_timeout = 10s;
  }
  Proxy& configured() { return *settings.sources.front().proxy; }

  // A proxy that answers whatever it gets by the next of `answers`, then closes or falls silent.
  void play(std::vector<std::string> answers, bool closes = true) {
    listener.reset();
    listener = *proxy.network().listen({proxy.host(), 1080}, {});
    tasks.start(serve(std::move(answers), closes));
  }
  io::Task<void> serve(std::vector<std::string> answers, bool closes) {
    auto accepted = co_await listener->accept();
    if (!accepted) co_return;
    std::unique_ptr<io::Stream> stream = *std::move(accepted);
    std::array<char, 600> buffer;
    for (const std::string& answer : answers) {
      auto count = co_await stream->read(buffer, world.now() + 1min);
      if (!count) co_return;
      heard.emplace_back(buffer.data(), *count);
      auto written = co_await stream->write(answer, world.now() + 1min);
      if (!written) co_return;
    }
    if (closes) co_return;
    silent = std::move(stream);
  }
  events::Outcome one() {
    Outcomes outcomes = attempt({"a@x.test"}, 20s);
    return outcomes.empty() ? events::Outcome{} : outcomes.front();
  }
  // A failure of ours: it waits, and nobody out there is to blame.
  void expect_ours(const events::Outcome& outcome, const std::string& reason) {
    EXPECT_EQ(outcome.verdict, Verdict::deferred);
    EXPECT_EQ(outcome.phase, Phase::egress) << outcome.text();
    EXPECT_FALSE(outcome.concerns_site);
    EXPECT_EQ(outcome.peer.source, "far");
    EXPECT_THAT(outcome.reason, HasSubstr(reason));
  }
  // From now on.
  void fail_through(FailingNetwork& failing) {
    network = &failing;
    forget_deliverer();
  }
  bool source_works() { return !deliverer().sources().trouble("far"); }

  io::SimProcess& proxy = world.make_process(IpAddress::v4({10, 0, 0, 5}));
  std::unique_ptr<io::Listener> listener;
  std::unique_ptr<io::Stream> silent;
  std::vector<std::string> heard;
  const std::string open{"\5\0", 2};
};

TEST_F(DialerTest, passes_over_a_source_whose_proxy_cannot_be_reached) {
  expect_ours(one(), "the proxy socks5://10.0.0.5:1080: connecting");
  events::Outcome next = one();
  EXPECT_EQ(next.phase, Phase::egress);
  EXPECT_THAT(next.reason, HasSubstr("no source of the pool \"all\" can be used"));
}

TEST_F(DialerTest, passes_over_a_source_whose_proxy_speaks_something_else) {
  play({"220 hello\r\n"});
  expect_ours(one(), "it does not speak SOCKS version 5");
  EXPECT_FALSE(source_works());
}

TEST_F(DialerTest, logs_in_with_the_secret_of_the_file_and_shows_it_nowhere) {
  configured().login = "relay";
  configured().secret_file = "/proxy.secret";
  secrets.files["/proxy.secret"] = "hush-hush";
  settings.transcripts = Transcripts::all;
  play({std::string("\5\2", 2), std::string("\1\1", 2)});
  events::Outcome outcome = one();
  expect_ours(outcome, "it refuses the login");
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[1], std::string("\1\5relay\11hush-hush", 17));
  EXPECT_EQ((outcome.text() + *outcome.transcript).find("hush-hush"), std::string::npos);
}

TEST_F(DialerTest, blames_neither_source_nor_host_when_the_proxy_would_not_connect) {
  for (const std::string& reply : {std::string("\5\1\0\1", 4), std::string("\5\2\0\1", 4)}) {
    play({open, reply});
    expect_ours(one(), "the proxy socks5://10.0.0.5:1080: ");
    EXPECT_TRUE(source_works()) << "whoever runs a zone could otherwise have a source shut";
  }
}

TEST_F(DialerTest, blames_neither_when_the_proxy_falls_silent_once_it_was_asked) {
  play({open}, false);
  expect_ours(one(), "timed out");
  EXPECT_TRUE(source_works());
}

TEST_F(DialerTest, takes_the_word_of_the_proxy_for_a_host_that_refuses) {
  play({open, std::string("\5\5\0\1", 4)});
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_TRUE(outcome.concerns_site);
  EXPECT_THAT(outcome.reason, HasSubstr("the connection was refused"));
  EXPECT_TRUE(source_works());
}

TEST_F(DialerTest, does_not_blame_the_host_for_a_proxy_that_just_closes) {
  configured().kind = ProxyKind::proxy_v2;
  play({""});
  expect_ours(one(), "nothing came through the proxy proxy2://10.0.0.5:1080");
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0], proxy_v2_header(IpAddress::v4({198, 51, 100, 7}), {there.host(), 25}));
  EXPECT_TRUE(source_works());
}

TEST_F(DialerTest, leaves_time_for_the_next_address_of_a_proxy_when_one_is_dead) {
  io::SimProcess& dead = world.make_process(IpAddress::v4({10, 0, 0, 6}));
  world.network().take_down(dead.host(), world.now() + 10h);
  resolver.add_address("proxy.test", dead.host());
  resolver.add_address("proxy.test", proxy.host());
  configured().host = "proxy.test";
  play({open, std::string("\5\5\0\1", 4)});
  EXPECT_EQ(one().phase, Phase::connect);
  EXPECT_EQ(heard.size(), 2u);
  EXPECT_TRUE(source_works());
}

TEST_F(DialerTest, says_nothing_of_a_source_by_settings_that_are_gone) {
  world.network().take_down(proxy.host(), world.now() + 10h);
  Outcomes outcomes;
  tasks.start(carry({"a@x.test"}, outcomes));
  world.run_for(1s);
  Settings changed = settings;
  deliverer().reconfigure(changed);
  world.run_for(20s);
  ASSERT_EQ(outcomes.size(), 1u);
  expect_ours(outcomes.front(), "the proxy socks5://10.0.0.5:1080: connecting");
  EXPECT_TRUE(source_works());
}

// A descriptor, memory, or a port to connect from.
TEST_F(DialerTest, blames_nobody_for_means_that_we_have_not) {
  const std::pair<int, std::string> all[] = {{EMFILE, "Too many open files"},
                                             {ENOBUFS, "No buffer space"},
                                             {EADDRNOTAVAIL, "no port of this machine is free"},
                                             {EADDRINUSE, "no port of this machine is free"}};
  for (const auto& [system_error, reason] : all) {
    FailingNetwork failing(here.network(), system_error);
    failing.addresses = {here.host(), *settings.sources.front().v4};
    fail_through(failing);
    expect_ours(one(), "the proxy socks5://10.0.0.5:1080: ");
    EXPECT_TRUE(source_works());
    Settings direct = settings;
    direct.sources.front().proxy.reset();
    deliverer().reconfigure(direct);
    events::Outcome outcome = one();
    expect_ours(outcome, reason);
    EXPECT_TRUE(source_works());
    EXPECT_FALSE(outcome.unanswered) << "or the route would be taken to its next port";
  }
}

TEST_F(DialerTest, blames_the_source_for_an_address_that_is_not_here) {
  FailingNetwork failing(here.network(), EADDRNOTAVAIL);
  failing.addresses = {here.host()};
  settings.sources.front().proxy.reset();
  fail_through(failing);
  expect_ours(one(), "198.51.100.7 is not an address of this machine");
  EXPECT_FALSE(source_works());
}

TEST_F(DialerTest, blames_nobody_out_there_for_a_firewall_of_ours) {
  FailingNetwork failing(here.network(), EPERM);
  settings.sources.front().proxy.reset();
  fail_through(failing);
  expect_ours(one(), "a firewall on this machine");
  EXPECT_TRUE(source_works()) << "it may be about that host alone";
}

// Where IPv6 is switched off, connect(2) fails as if no port were left.
TEST_F(DialerTest, tells_of_the_address_that_was_reached_for_and_not_of_the_family_we_have_not) {
  FailingNetwork failing(here.network(), EADDRNOTAVAIL);
  failing.only_v6 = true;
  failing.addresses = {here.host(), *IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")};
  settings.pool.clear();
  settings.addresses = AddressChoice::ipv4_first;
  fail_through(failing);
  resolver.add_address("mx.x.test", *IpAddress::parse("2001:db8::2"));
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.phase, Phase::connect) << outcome.text();
  EXPECT_THAT(outcome.reason, HasSubstr("refused"));
  resolver.add_mx("six.test", 10, "mx.six.test");
  resolver.add_address("mx.six.test", *IpAddress::parse("2001:db8::2"));
  Outcomes outcomes = attempt({"a@six.test"}, 20s);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].phase, Phase::egress);
  EXPECT_FALSE(outcomes[0].concerns_site);
  EXPECT_THAT(outcomes[0].reason, HasSubstr("this machine has no IPv6 address"));
}

}  // namespace
}  // namespace waypost::delivery
