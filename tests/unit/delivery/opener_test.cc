#include "delivery/opener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/attempts.h"
#include "tests/sim/ledger.h"
#include "tests/sim/peer.h"

// Which host and which address an attempt goes to.
namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;
using events::Verdict;
using testing::HasSubstr;
using testing::StartsWith;

const IpAddress v6_here = *IpAddress::parse("2001:db8::1");
const IpAddress v6_there = *IpAddress::parse("2001:db8::2");

struct OpenerTest : testing::Test, fakes::Attempts {
  OpenerTest() {
    here.add_address(v6_here);
    // Their IPv6 address is another machine, so that each can be down by itself.
    far.add_address(v6_there);
    EXPECT_TRUE(peer.listen({there.host(), 25}));
    EXPECT_TRUE(far_peer.listen({far.host(), 25}));
    EXPECT_TRUE(far_peer.listen({v6_there, 25}));
    change = [this](spool::Envelope&) {
      body = std::string(sim::token_field) + "t" + std::to_string(ids) + "\r\n\r\nx\r\n";
    };
  }
  events::Outcome one(const std::string& recipient, Duration time = 40min) {
    Outcomes outcomes = attempt({recipient}, time);
    return outcomes.empty() ? events::Outcome{} : outcomes.front();
  }
  // Two sources of one pool, the first of which nearly all mail takes.
  void use_sources(bool with_other) {
    Source six;
    six.id = "six";
    six.helo = "six.relay.test";
    six.v6 = v6_here;
    Source four = six;
    four.id = "four";
    four.v6.reset();
    four.v4 = here.host();
    settings.sources = {six, four};
    settings.pools = {{"all", {}, {{"six", 1000}}}};
    if (with_other) settings.pools.front().shares.push_back({"four", 1});
    settings.pool = "all";
  }
  size_t connections() {
    size_t total = 0;
    for (const IpAddress& address : {there.host(), far.host(), v6_there})
      total += world.network().connections({address, 25}).total;
    return total;
  }

  io::SimProcess& far = world.make_process(IpAddress::v4({10, 0, 0, 3}));
  sim::Ledger ledger{world};
  sim::Peer peer{there, ledger, "mx.x.test", {}};
  sim::Peer far_peer{far, ledger, "far.x.test", {}};
};

TEST_F(OpenerTest, takes_the_other_family_when_the_first_does_not_answer) {
  resolver.add_address("mx.x.test", v6_there);
  world.network().take_down(there.host(), world.now() + 10h);
  auto outcome = one("a@x.test", 5s);
  EXPECT_EQ(outcome.verdict, Verdict::delivered) << "long before the first times out";
  EXPECT_EQ(outcome.peer.address, "[2001:db8::2]:25");
}

TEST_F(OpenerTest, prefers_the_family_that_the_configuration_names) {
  resolver.add_address("mx.x.test", v6_there);
  EXPECT_EQ(one("a@x.test").peer.address, "10.0.0.2:25");
  Settings changed = settings;
  changed.addresses = AddressChoice::ipv6_first;
  deliverer().reconfigure(changed);
  EXPECT_EQ(one("b@x.test").peer.address, "[2001:db8::2]:25");
  EXPECT_EQ(connections(), 2u) << "whoever answers within the head start has no rival";
}

TEST_F(OpenerTest, tries_no_address_of_a_family_that_is_switched_off) {
  settings.addresses = AddressChoice::ipv6_only;
  auto outcome = one("a@x.test");
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_THAT(outcome.reason, HasSubstr("no IPv6 address"));
  EXPECT_EQ(connections(), 0u);
}

TEST_F(OpenerTest, goes_on_with_the_next_address_when_one_says_no) {
  resolver.add_address("mx.x.test", v6_there);
  peer.behaviour().unwelcome_share = 1;
  auto outcome = one("a@x.test");
  EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
  EXPECT_EQ(outcome.peer.address, "[2001:db8::2]:25");
}

TEST_F(OpenerTest, tells_what_was_said_rather_than_that_another_address_is_down) {
  resolver.add_address("mx.x.test", v6_there);
  peer.behaviour().unwelcome_share = 1;
  world.network().take_down(v6_there, world.now() + 10h);
  auto outcome = one("a@x.test");
  EXPECT_EQ(outcome.phase, events::Phase::greeting) << outcome.text();
  EXPECT_EQ(outcome.peer.address, "10.0.0.2:25");
}

TEST_F(OpenerTest, tries_no_more_addresses_than_allowed) {
  for (uint8_t last = 10; last < 30; ++last)
    resolver.add_address("mx.x.test", IpAddress::v4({10, 0, 0, last}));
  settings.addresses_tried_max = 1;
  world.network().take_down(there.host(), world.now() + 10h);
  auto outcome = one("a@x.test");
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(outcome.peer.address, "10.0.0.2:25");
}

TEST_F(OpenerTest, goes_to_the_next_preference_when_the_best_host_is_down) {
  resolver.add_mx("x.test", 20, "far.x.test");
  resolver.add_address("far.x.test", far.host());
  world.network().take_down(there.host(), world.now() + 10h);
  auto outcome = one("a@x.test");
  EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
  EXPECT_EQ(outcome.peer.host, "far.x.test");
}

TEST_F(OpenerTest, spreads_over_hosts_of_equal_preference) {
  resolver.add_mx("x.test", 10, "far.x.test");
  resolver.add_address("far.x.test", far.host());
  for (int i = 0; i < 20; ++i) one("a@x.test");
  EXPECT_GT(world.network().connections({there.host(), 25}).total, 0u);
  EXPECT_GT(world.network().connections({far.host(), 25}).total, 0u);
}

TEST_F(OpenerTest, bounces_mail_that_would_come_back_to_an_address_of_ours) {
  settings.own_endpoints = {{there.host(), 25}};
  resolver.add_mx("x.test", 10, "far.x.test");
  resolver.add_mx("x.test", 20, "far.x.test");
  resolver.add_address("far.x.test", far.host());
  auto outcome = one("a@x.test");
  EXPECT_EQ(outcome.verdict, Verdict::bounced);
  EXPECT_THAT(outcome.reason, StartsWith("5.4.6 "));
  EXPECT_EQ(connections(), 0u) << "hosts that are no better than us are not asked";
}

TEST_F(OpenerTest, defers_when_the_only_host_better_than_us_is_down) {
  settings.own_endpoints = {{there.host(), 25}};
  resolver.add_mx("x.test", 5, "far.x.test");
  resolver.add_address("far.x.test", far.host());
  world.network().take_down(far.host(), world.now() + 10h);
  auto outcome = one("a@x.test");
  EXPECT_EQ(outcome.verdict, Verdict::deferred) << outcome.text();
  EXPECT_EQ(outcome.peer.host, "far.x.test");
}

TEST_F(OpenerTest, another_server_on_our_machine_is_not_ourselves) {
  settings.own_endpoints = {{there.host(), 587}};
  EXPECT_EQ(one("a@x.test").verdict, Verdict::delivered);
}

TEST_F(OpenerTest, says_what_is_wrong_with_an_mx_record_that_holds_an_address) {
  resolver.add_mx("y.test", 10, "10.0.0.2");
  auto outcome = one("a@y.test");
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_THAT(outcome.reason, HasSubstr("holds an IP address, 10.0.0.2"));
  EXPECT_EQ(one("a@[10.0.0.2]").verdict, Verdict::delivered) << "an address literal is an address";
}

TEST_F(OpenerTest, does_not_go_where_no_host_can_be) {
  for (const char* nowhere : {"0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"})
    resolver.add_address("mx.y.test", *IpAddress::parse(nowhere));
  resolver.add_mx("y.test", 10, "mx.y.test");
  EXPECT_THAT(one("a@y.test").reason, HasSubstr("has no address"));
}

TEST_F(OpenerTest, bounces_where_the_zone_leads_to_forbidden_addresses_alone) {
  settings.forbidden_addresses = {*IpPrefix::parse("10.0.0.2/32"), *IpPrefix::parse("::1")};
  resolver.add_address("mx.x.test", *IpAddress::parse("::1"));
  resolver.add_address("bare.test", there.host());
  for (const char* recipient : {"a@x.test", "a@bare.test"}) {
    auto outcome = one(recipient);
    EXPECT_EQ(outcome.verdict, Verdict::bounced) << outcome.text();
    EXPECT_THAT(outcome.reason, StartsWith("5.4.4 the mail hosts of "));
    EXPECT_EQ(outcome.phase, events::Phase::resolve);
  }
  EXPECT_EQ(one("a@[10.0.0.2]").verdict, Verdict::bounced);
  EXPECT_EQ(connections(), 0u);
}

TEST_F(OpenerTest, leaves_out_forbidden_hosts_and_addresses_where_there_are_others) {
  settings.forbidden_addresses = {*IpPrefix::parse("10.0.0.2")};
  resolver.add_mx("x.test", 20, "far.x.test");
  resolver.add_address("far.x.test", far.host());
  EXPECT_EQ(one("a@x.test").peer.host, "far.x.test");
  world.network().take_down(far.host(), world.now() + 10h);
  EXPECT_EQ(one("b@x.test").verdict, Verdict::deferred) << "the host that may be used is down";
  EXPECT_EQ(world.network().connections({there.host(), 25}).total, 0u);
}

TEST_F(OpenerTest, goes_to_the_other_address_of_a_host_that_has_a_forbidden_one) {
  settings.forbidden_addresses = {*IpPrefix::parse("10.0.0.2")};
  resolver.add_address("mx.x.test", v6_there);
  auto outcome = one("a@x.test");
  EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
  EXPECT_EQ(outcome.peer.address, "[2001:db8::2]:25");
}

TEST_F(OpenerTest, waits_where_nobody_can_tell_whether_a_host_beside_a_forbidden_one_may_be_used) {
  settings.forbidden_addresses = {*IpPrefix::parse("10.0.0.2")};
  resolver.add_mx("x.test", 20, "far.x.test");
  resolver.set_failure("far.x.test", Error(ErrorCode::dns, "SERVFAIL"));
  EXPECT_EQ(one("a@x.test").verdict, Verdict::deferred);
}

TEST_F(OpenerTest, goes_to_a_smarthost_at_an_address_that_zones_may_not_name) {
  settings.forbidden_addresses = {*IpPrefix::parse("10.0.0.0/8")};
  Smarthost hop;
  hop.id = "hop";
  hop.match = {"*"};
  hop.host = "mx.x.test";
  hop.tls = TlsPolicy::never;
  settings.smarthosts = {hop};
  EXPECT_EQ(one("a@y.test").verdict, Verdict::delivered);
}

TEST_F(OpenerTest, tells_how_long_each_phase_took) {
  auto outcome = one("a@x.test");
  std::vector<events::Phase> phases;
  for (const events::Step& step : outcome.steps) phases.push_back(step.phase);
  using P = events::Phase;
  EXPECT_EQ(phases, (std::vector<P>{P::resolve, P::connect, P::greeting, P::hello, P::mail, P::rcpt,
                                    P::data, P::content}));
  EXPECT_GT(outcome.took, Duration(0));
  EXPECT_EQ(outcome.transcript, nullptr) << "nobody asked for one";
}

TEST_F(OpenerTest, keeps_transcripts_of_failures_alone_where_that_is_wanted) {
  settings.transcripts = Transcripts::failures;
  EXPECT_EQ(one("a@x.test").transcript, nullptr);
  world.network().take_down(there.host(), world.now() + 10h);
  auto outcome = one("b@x.test");
  ASSERT_TRUE(outcome.transcript);
  EXPECT_THAT(*outcome.transcript, HasSubstr("* connecting to port 25 of mx.x.test, 10.0.0.2"));
}

TEST_F(OpenerTest, goes_by_the_next_source_when_the_first_is_of_the_other_family) {
  use_sources(true);
  for (const char* recipient : {"a@x.test", "b@[10.0.0.2]"}) {
    events::Outcome outcome = one(recipient);
    EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
    EXPECT_EQ(outcome.peer.source, "four");
  }
  EXPECT_FALSE(deliverer().sources().trouble("six")) << "it is as good as ever where it reaches";
}

TEST_F(OpenerTest, blames_no_site_for_a_source_that_is_of_the_other_family) {
  use_sources(false);
  for (const char* recipient : {"a@x.test", "b@[10.0.0.2]"}) {
    events::Outcome outcome = one(recipient);
    EXPECT_EQ(outcome.verdict, Verdict::deferred);
    EXPECT_EQ(outcome.phase, events::Phase::egress);
    EXPECT_FALSE(outcome.concerns_site);
    EXPECT_THAT(outcome.reason, HasSubstr("the source six has no"));
  }
  EXPECT_EQ(connections(), 0u) << "least of all from an address that the pool does not have";
}

TEST_F(OpenerTest, connects_nowhere_when_it_may_not) {
  connecting = [] { return answer_with("not in time"); };
  events::Outcome outcome = one("a@x.test");
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(outcome.text(), "not in time");
  EXPECT_EQ(outcome.phase, events::Phase::egress);
  EXPECT_FALSE(outcome.concerns_site);
  EXPECT_EQ(connections(), 0u);
}

}  // namespace
}  // namespace waypost::delivery
