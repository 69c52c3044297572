#include "shaping/limits.h"

#include <gtest/gtest.h>

namespace waypost::shaping {
namespace {

SiteLimits limits_of(unsigned connections) {
  SiteLimits limits;
  limits.connections = {connections, "test.toml:" + std::to_string(connections)};
  return limits;
}

const SiteTable table(limits_of(20), {{"gmail", {"gmail.com", "*.google.com"}, limits_of(5)},
                                      {"late", {"*.com"}, limits_of(1)}});

TEST(SiteTable, takes_the_first_mail_host_as_the_site_where_no_rule_matches) {
  SiteTable::Match match = table.find("shop.example", {"mx1.host.example", {}});
  EXPECT_EQ(match.site, "mx1.host.example");
  EXPECT_EQ(match.limits->connections.value, 20u);
}

TEST(SiteTable, joins_domains_by_recipient_domain_or_mail_host) {
  EXPECT_EQ(table.find("gmail.com", {"mx.elsewhere.example", {}}).site, "gmail");
  EXPECT_EQ(table.find("shop.example", {"aspmx.l.google.com", {}}).site, "gmail");
  EXPECT_EQ(table.find("shop.example", {"aspmx.l.google.com", {}}).limits->connections.origin,
            "test.toml:5");
}

TEST(SiteTable, tells_the_services_and_accounts_of_one_next_hop_apart) {
  SiteTable::Match match = table.find("shop.example", {"smtp.google.com", ":587/shop"});
  EXPECT_EQ(match.site, "gmail:587/shop");
  EXPECT_EQ(match.limits->connections.value, 5u);
  EXPECT_EQ(table.limits_of(match.rule).connections.value, 5u);
  EXPECT_EQ(table.find("shop.example", {"2001:db8::1", ":25"}).site, "[2001:db8::1]:25");
}

TEST(SiteTable, takes_the_first_rule_that_matches) {
  EXPECT_EQ(table.find("gmail.com", {"x.com", {}}).site, "gmail");
  EXPECT_EQ(table.find("other.com", {"x.com", {}}).site, "late");
}

TEST(SiteTable, means_only_names_below_by_a_star) {
  EXPECT_EQ(table.find("shop.example", {"google.com", {}}).site, "late");
  EXPECT_EQ(table.find("shop.example", {"evilgoogle.com", {}}).site, "late");
  EXPECT_EQ(table.find("shop.example", {"com", {}}).site, "com");
}

}  // namespace
}  // namespace waypost::shaping
