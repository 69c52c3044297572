#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"

// Sources, pools and proxies in a configuration.
namespace waypost::config {
namespace {

using testing::HasSubstr;

Parsed parse_with(const std::string& more) {
  std::string text =
      "hostname = \"mail.example.com\"\n[[listener]]\naddress = \"127.0.0.1:2525\"\ntls = "
      "\"none\"\n"
      "trusted_networks = [\"127.0.0.0/8\"]\n" +
      more;
  std::vector<Source> sources{{"waypost.toml", text}};
  return parse(sources);
}

// The one problem that there is.
std::string problem_with(const std::string& more) {
  Parsed parsed = parse_with(more);
  EXPECT_EQ(parsed.diagnostics.size(), 1u) << more;
  return parsed.diagnostics.empty() ? "" : parsed.diagnostics.front().message;
}

constexpr std::string_view pool_of_a = "[[pool]]\nid = \"p\"\nsources = [\"a\"]\n";
std::string source_with(std::string_view keys) {
  return "[[source]]\nid = \"a\"\n" + std::string(keys) + "\n" + std::string(pool_of_a);
}

TEST(Egress, reads_sources_with_their_proxies_and_pools_with_their_weights) {
  Parsed parsed = parse_with(R"(
[delivery]
pool = "main"
[[source]]
id = "a"
addresses = ["192.0.2.1", "2001:db8::1"]
helo = "a.example.com"
proxy = "proxy2://[2001:db8::9]:5000"
[[source]]
id = "b"
proxy = "socks5://proxy.example.com:1080"
proxy_login = "relay"
proxy_secret_file = "/etc/waypost/proxy.secret"
[[pool]]
id = "main"
sources = ["a:3", "b"]
streams = ["bulk"]
)");
  ASSERT_TRUE(parsed.config);
  EXPECT_TRUE(parsed.diagnostics.empty());
  const std::vector<SourceRule>& sources = parsed.config->sources;
  ASSERT_EQ(sources.size(), 2u);
  EXPECT_EQ(sources[0].addresses.size(), 2u);
  EXPECT_EQ(sources[0].proxy, (ProxyAt{ProxyScheme::proxy2, {"2001:db8::9", 5000}}));
  EXPECT_EQ(sources[1].proxy, (ProxyAt{ProxyScheme::socks5, {"proxy.example.com", 1080}}));
  const PoolRule& pool = parsed.config->pools.front();
  EXPECT_EQ(pool.sources[0].weight, 3u);
  EXPECT_EQ(pool.sources[1].weight, 1u);
}

TEST(Egress, refuses_what_is_no_proxy) {
  for (const char* proxy :
       {"proxy.example.com:1080", "http://proxy.example.com:1080", "socks5://",
        "socks5://proxy.example.com", "socks5://u:p@proxy.example.com:1080", "proxy2://10.0.0.1:0"})
    EXPECT_THAT(problem_with(source_with("proxy = \"" + std::string(proxy) + "\"")),
                HasSubstr("is not a proxy"))
        << proxy;
}

TEST(Egress, refuses_what_is_no_share_of_a_pool) {
  for (const char* share : {"a:0", "a:1001", "a:", "a:x", "a:1:1", ":1", "a:-1", "a:1.5", ""})
    EXPECT_THAT(problem_with("[[source]]\nid = \"a\"\n[[pool]]\nid = \"p\"\nsources = [\"a\", \"" +
                             std::string(share) + "\"]\n"),
                HasSubstr("holds what is not a source"))
        << share;
}

TEST(Egress, wants_one_address_of_a_family_at_most) {
  EXPECT_THAT(problem_with(source_with("addresses = [\"192.0.2.1\", \"192.0.2.2\"]")),
              HasSubstr("one address of each family"));
  EXPECT_THAT(problem_with(source_with("addresses = [\"::1\", \"2001:db8::2\"]")),
              HasSubstr("one address of each family"));
}

TEST(Egress, wants_a_login_whole_and_only_for_a_socks_proxy) {
  constexpr std::string_view socks = "proxy = \"socks5://10.0.0.1:1080\"\n";
  EXPECT_EQ(problem_with(source_with(std::string(socks) + "proxy_login = \"x\"")),
            "half of a login");
  EXPECT_EQ(problem_with(source_with(std::string(socks) + "proxy_secret_file = \"/x\"")),
            "half of a login");
  EXPECT_THAT(problem_with(source_with("proxy_login = \"x\"")), HasSubstr("no SOCKS proxy"));
  EXPECT_THAT(problem_with(source_with("addresses = [\"192.0.2.1\"]\n"
                                       "proxy = \"proxy2://10.0.0.1:1\"\nproxy_login = \"x\"")),
              HasSubstr("no SOCKS proxy"));
}

TEST(Egress, wants_the_address_that_a_header_must_name) {
  EXPECT_THAT(problem_with(source_with("proxy = \"proxy2://10.0.0.1:5000\"")),
              HasSubstr("must be told from which address"));
}

TEST(Egress, wants_sources_and_pools_that_are_named_to_be_there) {
  EXPECT_THAT(problem_with("[[pool]]\nid = \"p\"\nsources = [\"a\"]\n"),
              HasSubstr("there is no [[source]] `a`"));
  EXPECT_THAT(problem_with("[delivery]\npool = \"p\"\n"), HasSubstr("there is no [[pool]] `p`"));
  EXPECT_THAT(problem_with("[[route]]\nid = \"r\"\nmatch = [\"*\"]\nnext_hop = \"10.0.0.1:25\"\n"
                           "pool = \"p\"\n"),
              HasSubstr("there is no [[pool]] `p`"));
  EXPECT_THAT(problem_with("[[source]]\nid = \"a\"\n"), HasSubstr("no pool has this source"));
}

TEST(Egress, refuses_what_is_named_twice) {
  EXPECT_THAT(problem_with(source_with("") + "[[source]]\nid = \"a\"\n"), HasSubstr("used twice"));
  EXPECT_THAT(problem_with(source_with("") + std::string(pool_of_a)), HasSubstr("used twice"));
  EXPECT_THAT(
      problem_with("[[source]]\nid = \"a\"\n[[pool]]\nid = \"p\"\nsources = [\"a\", \"a\"]\n"),
      HasSubstr("stands here twice"));
  EXPECT_THAT(problem_with(source_with("") + "streams = [\"s\"]\n[[pool]]\nid = \"q\"\n"
                                             "sources = [\"a\"]\nstreams = [\"s\"]\n"),
              HasSubstr("the stream `s` is used twice"));
}

TEST(Egress, warns_of_an_address_that_a_pool_makes_idle) {
  EXPECT_THAT(
      problem_with("[delivery]\npool = \"p\"\nsource_address = \"192.0.2.1\"\n" + source_with("")),
      HasSubstr("has no effect"));
}

std::string route_with(std::string_view keys) {
  return "[[route]]\nid = \"r\"\nmatch = [\"*\"]\nnext_hop = \"smtp.example.com:587\"\n" +
         std::string(keys) + "\n";
}

TEST(Egress, reads_fallback_ports_with_the_tls_mode_that_is_usual_there) {
  Parsed parsed =
      parse_with(route_with("fallback_ports = [465, 2525, \"2465/implicit\", \"25/starttls\"]"));
  ASSERT_TRUE(parsed.config);
  EXPECT_TRUE(parsed.diagnostics.empty());
  EXPECT_EQ(parsed.config->routes.front().fallback_ports,
            (std::vector<FallbackPort>{{465, HopTlsMode::implicit},
                                       {2525, HopTlsMode::starttls},
                                       {2465, HopTlsMode::implicit},
                                       {25, HopTlsMode::starttls}}));
}

TEST(Egress, refuses_what_is_no_fallback_port) {
  for (const char* port : {"0", "65536", "-1", "1.5", "\"465\"", "\"465/\"", "\"/implicit\"",
                           "\"0/implicit\"", "\"465/tls\"", "\"465/implicit/\"", "\"\"", "true"})
    EXPECT_THAT(problem_with(route_with("fallback_ports = [" + std::string(port) + "]")),
                HasSubstr("holds what is not a port"))
        << port;
}

TEST(Egress, refuses_fallback_ports_that_make_no_sense) {
  EXPECT_THAT(problem_with(route_with("fallback_ports = [465, \"465/starttls\"]")),
              HasSubstr("the port 465 is tried twice"));
  EXPECT_THAT(problem_with(route_with("fallback_ports = [587]")),
              HasSubstr("the port 587 is tried twice"));
  EXPECT_THAT(problem_with(route_with("fallback_ports = [1, 2, 3, 4, 5]")),
              HasSubstr("so many ports"));
  EXPECT_THAT(problem_with(route_with("tls = \"never\"\nfallback_ports = [465]")),
              HasSubstr("fallback ports need TLS"));
  EXPECT_THAT(problem_with("[delivery]\nfallback_ports = [465]\n"),
              HasSubstr("there is no `next_hop`"));
  EXPECT_THAT(problem_with("[delivery]\nnext_hop = \"smtp.example.com:465\"\n"
                           "tls_mode = \"implicit\"\nfallback_ports = [465]\n"),
              HasSubstr("the port 465 is tried twice"));
}

TEST(Egress, reads_what_an_account_allows_and_where_that_is_said) {
  Parsed parsed = parse_with(route_with("connections = 10\nmessages_per_hour = 500"));
  ASSERT_TRUE(parsed.config);
  EXPECT_TRUE(parsed.diagnostics.empty());
  const AccountCaps& caps = parsed.config->routes.front().caps;
  EXPECT_EQ(caps.connections.value, 10u);
  EXPECT_EQ(caps.messages_per_hour.value, 500u);
  EXPECT_THAT(caps.messages_per_hour.origin.text(), HasSubstr("waypost.toml:"));
  EXPECT_EQ(caps.messages_per_day.value, 0u);
  for (const char* key : {"connections", "messages_per_hour", "messages_per_day"})
    EXPECT_FALSE(problem_with(route_with(std::string(key) + " = 0")).empty()) << key;
}

TEST(Egress, warns_of_an_account_that_is_counted_apart) {
  auto account = [](std::string id, int port, std::string more) {
    return "[[route]]\nid = \"" + id + "\"\nmatch = [\"" + id +
           ".example\"]\nnext_hop = \"smtp.example.com:" + std::to_string(port) +
           "\"\nlogin = \"shop\"\nsecret_file = \"/x\"\n" + more;
  };
  std::string caps = "messages_per_day = 9\n";
  EXPECT_THAT(problem_with(account("a", 587, caps) + account("b", 2525, "")),
              HasSubstr("the account `shop` is counted apart here and in the route `a`"));
  EXPECT_TRUE(parse_with(account("a", 587, caps) + account("b", 587, "")).diagnostics.empty());
  EXPECT_TRUE(parse_with(account("a", 587, "") + account("b", 2525, "")).diagnostics.empty());
}

TEST(Egress, keeps_the_id_of_the_route_that_delivery_makes) {
  EXPECT_THAT(problem_with("[[route]]\nid = \"next_hop\"\nmatch = [\"a.example\"]\n"
                           "next_hop = \"192.0.2.1:25\"\n"),
              HasSubstr("`next_hop` is the id of the route that [delivery] makes"));
}

TEST(Egress, reads_a_next_hop_in_lower_case_by_which_sites_and_accounts_are_told_apart) {
  Parsed parsed = parse_with("[delivery]\nnext_hop = \"Relay.Example.COM:587\"\n");
  ASSERT_TRUE(parsed.config);
  EXPECT_EQ(parsed.config->delivery.next_hop->host, "relay.example.com");
}

}  // namespace
}  // namespace waypost::config
