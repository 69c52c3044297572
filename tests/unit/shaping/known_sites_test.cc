#include "shaping/known_sites.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shaping/shipped_sites.h"

namespace waypost::shaping {
namespace {

using testing::HasSubstr;

const std::string good =
    "as_of = \"2026-11\"\n[site]\nid = \"acme\"\nname = \"Acme\"\n"
    "match = [\"*.acme.example\", \"mx.acme.test\"]\n"
    "[[limit]]\nkey = \"connections\"\nmost = 5\nsource = \"https://acme.example\"\n"
    "reason = \"they say so\"\n"
    "[[limit]]\nkey = \"messages_per_connection\"\nmost = 500\nsource = \"https://acme.example\"\n"
    "reason = \"they say so\"\n";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

std::string problem_of(const std::string& text) {
  LoadedSites loaded = load_sites(std::vector<toml::Source>{{"acme.toml", text}});
  return loaded.diagnostics.empty() ? "" : loaded.diagnostics.front().message;
}

TEST(ShippedSites, load_without_a_word) {
  LoadedSites loaded = load_sites(shipped_sites());
  for (const toml::Diagnostic& d : loaded.diagnostics)
    ADD_FAILURE() << d.file << ":" << d.line << ": " << d.message;
  EXPECT_GE(loaded.sites.size(), 25u);
}

TEST(ShippedSites, bear_the_name_of_their_file) {
  for (size_t i = 0; i < shipped_sites().size(); ++i)
    EXPECT_EQ(shipped_sites()[i].name, known_sites()[i].id + ".toml");
}

TEST(ShippedSites, join_the_domains_that_a_provider_hosts) {
  SiteTable table = make_site_table(SiteLimits(), {}, known_sites());
  const std::vector<std::pair<std::string, std::string>> hosts{
      {"gmail-smtp-in.l.google.com", "google"},
      {"aspmx2.googlemail.com", "google"},
      {"smtp.google.com", "google"},
      {"outlook-com.olc.protection.outlook.com", "outlook"},
      {"shop-example.mail.protection.outlook.com", "microsoft-365"},
      {"shop-example.a-v1.mx.microsoft", "microsoft-365"},
      {"mta5.am0.yahoodns.net", "yahoo"},
      {"mx01.mail.icloud.com", "apple"},
      {"mx00.gmx.net", "gmx"},
      {"mx-ha02.web.de", "gmx"},
      {"smtp-in.orange.fr", "orange"},
      {"mx1h1.comcast.net", "comcast"},
      {"eu-smtp-inbound-1.mimecast.com", "eu-smtp-inbound-1.mimecast.com"},
      {"mxa-001.gslb.pphosted.com", "mxa-001.gslb.pphosted.com"}};
  for (const auto& [host, site] : hosts)
    EXPECT_EQ(table.find("shop.example", {host, {}}).site, site) << host;
  EXPECT_EQ(
      table.find("shop.example", {"eu-smtp-inbound-1.mimecast.com", {}}).limits->connections.value,
      10u);
}

TEST(ShippedSites, keep_to_what_the_provider_states_and_name_the_file) {
  SiteTable table = make_site_table(SiteLimits(), {}, known_sites());
  const SiteLimits& orange = table.limits_of("orange");
  EXPECT_EQ(orange.connections.value, 2u);
  EXPECT_THAT(orange.connections.origin, testing::StartsWith("rules/sites/orange.toml:"));
  EXPECT_EQ(table.limits_of("yahoo").messages_per_connection.value, 20u);
  EXPECT_EQ(table.limits_of("yahoo").connections.origin, "built-in default");
}

TEST(ShippedSites, say_nothing_of_a_next_hop_or_of_a_relay_for_their_domains) {
  SiteTable table = make_site_table(SiteLimits(), {}, known_sites());
  EXPECT_EQ(table.find("gmail.com", {"smtp.google.com", ":587/shop"}).rule, "");
  EXPECT_EQ(table.find("gmail.com", {"mx.filter.example", {}}).rule, "");
}

TEST(KnownSites, only_ever_lower_a_default) {
  LoadedSites loaded = load_sites(std::vector<toml::Source>{{"acme.toml", good}});
  ASSERT_TRUE(loaded.diagnostics.empty());
  SiteLimits strict;
  strict.connections = {3, "waypost.toml:5"};
  SiteTable table = make_site_table(strict, {}, loaded.sites);
  const SiteLimits& limits = table.limits_of("acme");
  EXPECT_EQ(limits.connections.value, 3u);
  EXPECT_EQ(limits.connections.origin, "waypost.toml:5");
  EXPECT_EQ(limits.messages_per_connection.value, 100u);
  SiteTable usual = make_site_table(SiteLimits(), {}, loaded.sites);
  EXPECT_EQ(usual.limits_of("acme").connections.value, 5u);
  EXPECT_EQ(usual.limits_of("acme").connections.origin, "rules/sites/acme.toml:6");
}

TEST(KnownSites, are_changed_key_by_key_by_a_rule_of_ones_own) {
  LoadedSites loaded = load_sites(std::vector<toml::Source>{{"acme.toml", good}});
  SiteRule mine{"acme", {}, no_limits()};
  mine.limits.messages_per_connection = {900, "waypost.toml:9"};
  SiteTable table = make_site_table(SiteLimits(), {mine}, loaded.sites);
  SiteTable::Match match = table.find("shop.example", {"mx1.acme.example", {}});
  EXPECT_EQ(match.site, "acme");
  EXPECT_EQ(match.limits->messages_per_connection.value, 900u) << "above what the provider states";
  EXPECT_EQ(match.limits->messages_per_connection.origin, "waypost.toml:9");
  EXPECT_EQ(match.limits->connections.value, 5u);
  EXPECT_EQ(match.limits->connections.origin, "rules/sites/acme.toml:6");
  EXPECT_EQ(match.limits->recipients_per_message.origin, "built-in default");
}

TEST(KnownSites, give_way_to_a_rule_of_ones_own_with_hosts_of_its_own) {
  LoadedSites loaded = load_sites(std::vector<toml::Source>{{"acme.toml", good}});
  SiteRule mine{"acme", {"vip.acme.example"}, no_limits()};
  SiteRule other{"partner", {"mx.acme.test"}, no_limits()};
  SiteTable table = make_site_table(SiteLimits(), {other, mine}, loaded.sites);
  EXPECT_EQ(table.find("a.example", {"vip.acme.example", {}}).site, "acme");
  EXPECT_EQ(table.find("a.example", {"mx1.acme.example", {}}).site, "mx1.acme.example");
  EXPECT_EQ(table.find("a.example", {"mx.acme.test", {}}).site, "partner");
  EXPECT_EQ(table.limits_of("partner").connections.origin, "built-in default");
}

TEST(SiteFile, is_refused_where_it_is_wrong) {
  EXPECT_EQ(problem_of(good), "");
  EXPECT_THAT(problem_of(replaced(good, "\"https://acme.example\"", "\"hearsay\"")),
              HasSubstr("https:// page"));
  EXPECT_THAT(problem_of(replaced(good, "\"they say so\"", "\"\"")), HasSubstr("`reason`"));
  EXPECT_THAT(problem_of(replaced(good, "most = 5\n", "most = 0\n")), HasSubstr("above 0"));
  EXPECT_THAT(problem_of(replaced(good, "most = 5\n", "most = nan\n")), HasSubstr("above 0"));
  EXPECT_THAT(problem_of(replaced(good, "\"connections\"", "\"luck\"")), HasSubstr("no limit"));
  EXPECT_THAT(problem_of(replaced(good, "\"messages_per_connection\"", "\"connections\"")),
              HasSubstr("twice"));
  EXPECT_THAT(problem_of(replaced(good, "*.acme.example", "*")), HasSubstr("no mail host"));
  EXPECT_THAT(problem_of(replaced(good, "name =", "nam =")), HasSubstr("no `nam`"));
  EXPECT_THAT(problem_of(replaced(good, "id = \"acme\"\n", "")), HasSubstr("[site] needs"));
  EXPECT_THAT(problem_of(good.substr(0, good.find("[[limit]]"))), HasSubstr("`note`"));
  EXPECT_NE(problem_of("[site"), "");
  EXPECT_NE(problem_of("site = 1\nlimit = [1]"), "");
}

TEST(SiteFile, shares_no_id_and_no_host_with_another) {
  const std::vector<toml::Source> same_id{
      {"a.toml", good},
      {"b.toml",
       replaced(replaced(good, "*.acme.example", "*.b.example"), "mx.acme.test", "mx.b.test")}};
  EXPECT_FALSE(load_sites(same_id).diagnostics.empty());
  const std::vector<toml::Source> same_host{{"a.toml", good},
                                            {"b.toml", replaced(good, "\"acme\"", "\"b\"")}};
  EXPECT_FALSE(load_sites(same_host).diagnostics.empty());
}

}  // namespace
}  // namespace waypost::shaping
