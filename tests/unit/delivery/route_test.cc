#include "delivery/route.h"

#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "io/sim_world.h"
#include "io/task_group.h"

namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;
using Found = tl::expected<std::shared_ptr<const Route>, events::Outcome>;

struct RoutesTest : testing::Test {
  Found find(const std::string& domain) {
    std::optional<Found> found;
    if (!std::exchange(configured, true))
      routes.reconfigure(std::make_shared<const Settings>(settings));
    struct Asking {
      static io::Task<void> run(Routes& routes, std::string name, std::optional<Found>& answer) {
        answer.emplace(co_await routes.find(std::move(name)));
      }
    };
    tasks.start(Asking::run(routes, domain, found));
    world.run_for(1min);
    EXPECT_TRUE(found);
    return *found;
  }

  io::SimWorld world{1};
  io::SimProcess& process = world.make_process(IpAddress::v4({10, 0, 0, 1}));
  dns::MemoryResolver resolver{process};
  Settings settings;
  Routes routes{process, resolver, std::make_shared<const Settings>()};
  bool configured = false;
  io::TaskGroup tasks;
};

TEST_F(RoutesTest, orders_mail_hosts_by_preference) {
  resolver.add_mx("x.test", 20, "second.test");
  resolver.add_mx("x.test", 10, "first.test");
  Found route = find("x.test");
  ASSERT_TRUE(route);
  ASSERT_EQ((*route)->hosts.size(), 2u);
  EXPECT_EQ((*route)->hosts[0].name, "first.test");
  EXPECT_EQ((*route)->hosts[1].name, "second.test");
  EXPECT_EQ((*route)->port, 25);
}

TEST_F(RoutesTest, takes_the_domain_itself_where_it_has_only_an_address) {
  resolver.add_address("x.test", IpAddress::v4({192, 0, 2, 1}));
  Found route = find("x.test");
  ASSERT_TRUE(route);
  EXPECT_EQ((*route)->hosts[0].name, "x.test");
}

TEST_F(RoutesTest, bounces_a_domain_that_does_not_exist_or_takes_no_mail) {
  resolver.add_mx("null.test", 0, "");
  for (const char* domain : {"missing.test", "null.test"}) {
    Found route = find(domain);
    ASSERT_FALSE(route) << domain;
    EXPECT_EQ(route.error().verdict, events::Verdict::bounced) << domain;
    EXPECT_EQ(route.error().phase, events::Phase::resolve);
  }
}

TEST_F(RoutesTest, defers_when_nobody_can_tell) {
  resolver.set_failure("x.test", Error(ErrorCode::dns, "SERVFAIL"));
  Found route = find("x.test");
  ASSERT_FALSE(route);
  EXPECT_EQ(route.error().verdict, events::Verdict::deferred);
  EXPECT_NE(route.error().reason.find("SERVFAIL"), std::string::npos);
}

TEST_F(RoutesTest, sends_to_an_address_literal_without_asking) {
  Found route = find("[192.0.2.7]");
  ASSERT_TRUE(route);
  EXPECT_EQ((*route)->hosts[0].name, "192.0.2.7");
  route = find("[IPv6:2001:db8::1]");
  ASSERT_TRUE(route);
  EXPECT_EQ((*route)->hosts[0].name, "2001:db8::1");
}

TEST_F(RoutesTest, bounces_an_address_literal_where_no_mail_may_go) {
  settings.forbidden_addresses = {*IpPrefix::parse("127.0.0.0/8"), *IpPrefix::parse("::1")};
  for (const char* literal : {"[127.0.0.11]", "[IPv6:::1]"}) {
    Found route = find(literal);
    ASSERT_FALSE(route) << literal;
    EXPECT_EQ(route.error().verdict, events::Verdict::bounced);
    EXPECT_EQ(route.error().reason.find("5.1.2 "), 0u) << route.error().reason;
  }
  EXPECT_TRUE(find("[192.0.2.7]"));
}

Smarthost smarthost(std::string id, std::vector<std::string> match) {
  Smarthost made;
  made.match = std::move(match);
  made.host = id + ".example";
  made.port = 587;
  made.id = std::move(id);
  return made;
}

TEST_F(RoutesTest, sends_to_the_first_smarthost_that_matches) {
  settings.smarthosts = {smarthost("exact", {"x.test", "y.test"}),
                         smarthost("below", {"*.corp.test"}), smarthost("all", {"*"})};
  for (auto [domain, host] :
       {std::pair("y.test", "exact.example"), std::pair("a.b.corp.test", "below.example"),
        std::pair("corp.test", "all.example"), std::pair("xcorp.test", "all.example"),
        std::pair("[192.0.2.1]", "all.example")}) {
    Found route = find(domain);
    ASSERT_TRUE(route) << domain;
    EXPECT_EQ((*route)->hosts[0].name, host) << domain;
    EXPECT_EQ((*route)->port, 587);
    EXPECT_TRUE(routes.known(domain)) << "nobody needs to be asked";
  }
}

TEST_F(RoutesTest, leaves_an_address_literal_to_the_smarthost_for_all_mail) {
  settings.forbidden_addresses = {*IpPrefix::parse("127.0.0.0/8")};
  settings.smarthosts = {smarthost("all", {"*"})};
  Found route = find("[127.0.0.11]");
  ASSERT_TRUE(route);
  EXPECT_EQ((*route)->hosts[0].name, "all.example");
}

TEST_F(RoutesTest, uses_mx_where_no_smarthost_matches) {
  settings.smarthosts = {smarthost("corp", {"corp.test"})};
  resolver.add_mx("x.test", 10, "first.test");
  Found route = find("x.test");
  ASSERT_TRUE(route);
  EXPECT_EQ((*route)->hosts[0].name, "first.test");
  EXPECT_TRUE((*route)->by_name_system);
}

TEST_F(RoutesTest, requires_tls_where_there_is_a_login) {
  Smarthost provider = smarthost("provider", {"*"});
  provider.login = Login{"shop", "/secret", "auto"};
  settings.smarthosts = {provider};
  EXPECT_EQ((*find("x.test"))->tls, TlsPolicy::required);
}

TEST_F(RoutesTest, keeps_connections_of_two_logins_at_one_host_apart) {
  Smarthost first = smarthost("first", {"x.test"});
  Smarthost second = smarthost("second", {"y.test"});
  second.host = first.host;
  settings.smarthosts = {first, second};
  EXPECT_NE((*find("x.test"))->connection_key(first.host),
            (*find("y.test"))->connection_key(first.host));
}

TEST_F(RoutesTest, cuts_the_list_of_mail_hosts_at_our_own_name) {
  settings.hostname = "Relay.Test";
  resolver.add_mx("x.test", 5, "best.test");
  resolver.add_mx("x.test", 10, "relay.test");
  resolver.add_mx("x.test", 10, "beside-us.test");
  resolver.add_mx("x.test", 20, "behind-us.test");
  Found route = find("x.test");
  ASSERT_TRUE(route);
  ASSERT_EQ((*route)->hosts.size(), 1u);
  EXPECT_EQ((*route)->hosts[0].name, "best.test");
}

TEST_F(RoutesTest, bounces_where_we_are_the_best_mail_host) {
  settings.hostname = "relay.test";
  resolver.add_mx("x.test", 10, "relay.test");
  resolver.add_mx("x.test", 20, "other.test");
  resolver.add_address("relay.test", IpAddress::v4({192, 0, 2, 1}));
  for (const char* domain : {"x.test", "relay.test"}) {
    Found route = find(domain);
    ASSERT_FALSE(route) << domain;
    EXPECT_EQ(route.error().verdict, events::Verdict::bounced);
    EXPECT_TRUE(route.error().reason.starts_with("5.4.6 ")) << route.error().reason;
  }
}

TEST_F(RoutesTest, asks_for_a_domain_beyond_ascii_by_its_a_labels) {
  resolver.add_mx("xn--bcher-kva.test", 10, "first.test");
  Found route = find("b\u00fccher.test");
  ASSERT_TRUE(route);
  EXPECT_EQ((*route)->hosts[0].name, "first.test");
  Found impossible = find("\xff\xfe.test");
  ASSERT_FALSE(impossible);
  EXPECT_EQ(impossible.error().verdict, events::Verdict::bounced);
}

TEST_F(RoutesTest, remembers_a_route_for_a_while_and_not_for_ever) {
  resolver.add_mx("x.test", 10, "first.test");
  EXPECT_FALSE(routes.known("x.test"));
  EXPECT_TRUE(find("x.test"));
  EXPECT_TRUE(routes.known("x.test"));
  resolver.set_failure("x.test", Error(ErrorCode::dns, "SERVFAIL"));
  EXPECT_TRUE(find("x.test")) << "what is remembered is not asked again";
  world.run_for(31min);
  EXPECT_FALSE(routes.known("x.test"));
  EXPECT_FALSE(find("x.test"));
}

// Whatever the ids are: mail of one relay must not go over a connection to another.
TEST_F(RoutesTest, keeps_connections_to_two_hosts_apart) {
  Route route;
  route.smarthost = "upstream";
  EXPECT_NE(route.connection_key("one.test"), route.connection_key("other.test"));
}

}  // namespace
}  // namespace waypost::delivery
