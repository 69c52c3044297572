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
  EXPECT_EQ(table.limits_of(match.rule, match.site).connections.value, 5u);
  EXPECT_EQ(table.find("shop.example", {"2001:db8::1", ":25"}).site, "[2001:db8::1]:25");
}

AccountLimits account(unsigned connections, unsigned hour, unsigned day) {
  AccountLimits made;
  made.hop = next_hop("smtp.google.com", 587, "shop");
  made.most.connections = {connections, "a"};
  made.most.messages_per_hour = {hour, "b" + std::to_string(hour)};
  made.most.messages_per_day = {day, "c"};
  return made;
}

TEST(SiteTable, counts_all_that_goes_by_an_account_together) {
  SiteTable capped(limits_of(20), {{"gmail", {"gmail.com"}, limits_of(5)},
                                   {"hop", {"smtp.google.com"}, limits_of(9)}});
  capped.add_account(account(0, 400, 1600));
  capped.add_account(account(0, 0, 0));
  SiteTable::Match one = capped.find("gmail.com", next_hop("smtp.google.com", 587, "shop"));
  SiteTable::Match other = capped.find("shop.example", next_hop("smtp.google.com", 587, "shop"));
  EXPECT_EQ(one.site, "smtp.google.com:587/shop");
  EXPECT_EQ(one.site, other.site);
  EXPECT_EQ(one.limits->messages_per_hour.value, 400u);
  EXPECT_EQ(one.limits->messages_per_hour.origin, "b400");
  EXPECT_EQ(one.limits->messages_per_day.value, 1600u);
  EXPECT_EQ(one.limits->connections.value, 9u) << "what a rule says of the host holds as well";
  EXPECT_EQ(&capped.limits_of(one.rule, one.site), one.limits);
  EXPECT_EQ(capped.find("x.example", next_hop("smtp.google.com", 587, "other"))
                .limits->messages_per_hour.value,
            0u);
  EXPECT_EQ(capped.find("gmail.com", {"smtp.google.com", {}}).site, "gmail");
}

TEST(SiteTable, takes_the_lowest_of_what_is_said_of_an_account) {
  SiteTable capped(limits_of(20), {});
  capped.add_account(account(30, 400, 0));
  capped.add_account(account(8, 500, 100));
  const SiteLimits& limits = capped.limits_of("", "smtp.google.com:587/shop");
  EXPECT_EQ(limits.connections.value, 8u);
  EXPECT_EQ(limits.messages_per_hour.value, 400u);
  EXPECT_EQ(limits.messages_per_day.value, 100u);
  SiteTable wide(limits_of(20), {});
  wide.add_account(account(30, 0, 0));
  EXPECT_EQ(wide.limits_of("", "smtp.google.com:587/shop").connections.value, 20u);
}

TEST(Account, is_used_for_a_fifth_less_than_its_provider_allows_and_says_so) {
  EXPECT_EQ(stay_under({500, "waypost.toml:31"}).value, 400u);
  EXPECT_EQ(stay_under({500, "waypost.toml:31"}).origin,
            "waypost.toml:31, 20 % under the provider's 500");
  EXPECT_EQ(stay_under({2, ""}).value, 1u);
  EXPECT_EQ(stay_under({1, ""}).value, 1u) << "0 would be no limit";
  EXPECT_EQ(stay_under({0, ""}).value, 0u);
  EXPECT_EQ(stay_under({4'294'967'295u, ""}).value, 3'435'973'836u);
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
