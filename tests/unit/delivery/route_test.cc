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
  Routes routes{process, resolver, settings};
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

TEST_F(RoutesTest, sends_everything_to_a_fixed_next_hop) {
  settings.next_hop = {"relay.test", 2525};
  Found route = find("anything.test");
  ASSERT_TRUE(route);
  EXPECT_EQ((*route)->hosts[0].name, "relay.test");
  EXPECT_EQ((*route)->port, 2525);
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

}  // namespace
}  // namespace waypost::delivery
