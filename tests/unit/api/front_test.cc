#include "api/front.h"

#include <gtest/gtest.h>

namespace waypost::api {
namespace {

web::Request from(const char* address, std::vector<std::pair<std::string, std::string>> fields) {
  web::Request head;
  head.method = "POST";
  head.fields = std::move(fields);
  head.client = {*IpAddress::parse(address), 40000};
  return head;
}

TEST(FrontTest, answers_to_its_own_names_alone) {
  const Front front{{"mail.example.com"}, false, {}};
  for (const char* host : {"localhost", "localhost:8025", "127.0.0.1:8025", "[::1]:8025",
                           "192.0.2.7", "mail.example.com", "MAIL.example.com.:443"})
    EXPECT_TRUE(names_us(front, from("127.0.0.1", {{"host", host}}))) << host;
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "xmail.example.com", "[::1", "evil.example:8025"})
    EXPECT_FALSE(names_us(front, from("127.0.0.1", {{"host", host}}))) << host;
}

const base::IpPrefix this_machine = *base::IpPrefix::parse("127.0.0.0/8");
const base::IpPrefix elsewhere = *base::IpPrefix::parse("203.0.113.0/24");

TEST(FrontTest, believes_only_its_proxies) {
  const Front front{{}, false, {this_machine, elsewhere}};
  const auto said = [](const char* address) {
    return from(address,
                {{"x-forwarded-for", "203.0.113.9, 192.0.2.1"}, {"x-forwarded-proto", "https"}});
  };
  EXPECT_EQ(client_of(front, said("127.0.0.1")).text(), "192.0.2.1");
  EXPECT_TRUE(is_secure(front, said("127.0.0.1")));
  EXPECT_EQ(client_of(front, said("203.0.113.5")).text(), "192.0.2.1");
  EXPECT_EQ(client_of(front, said("198.51.100.1")).text(), "198.51.100.1");
  EXPECT_FALSE(is_secure(front, said("198.51.100.1")));
  EXPECT_EQ(client_of(front, from("127.0.0.1", {{"x-forwarded-for", "nobody"}})).text(),
            "127.0.0.1");
  EXPECT_TRUE(is_secure({{}, true, {}}, said("198.51.100.1")));
  const Front without_this_machine{{}, false, {elsewhere}};
  EXPECT_EQ(client_of(without_this_machine, said("127.0.0.1")).text(), "127.0.0.1");
  EXPECT_FALSE(is_secure(without_this_machine, said("127.0.0.1")));
  // Proxies hand these on as their client wrote them.
  EXPECT_EQ(client_of(front, from("127.0.0.1",
                                  {{"forwarded", "for=192.0.2.66"}, {"x-real-ip", "192.0.2.66"}}))
                .text(),
            "127.0.0.1");
  // HAProxy adds a line of its own, behind that of the client.
  EXPECT_EQ(client_of(front, from("127.0.0.1", {{"x-forwarded-for", "203.0.113.9"},
                                                {"x-forwarded-for", "192.0.2.7"}}))
                .text(),
            "192.0.2.7");
}

TEST(FrontTest, a_chain_of_proxies_is_followed_to_who_stands_before_it) {
  const Front front{{}, false, {elsewhere}};
  const auto client = [&](const std::string& chain) {
    return client_of(front, from("203.0.113.5", {{"x-forwarded-for", chain}})).text();
  };
  EXPECT_EQ(client("198.51.100.7, 203.0.113.9"), "198.51.100.7");
  // What the client itself wrote before is nobody's word.
  EXPECT_EQ(client("127.0.0.1, 192.0.2.66, 198.51.100.7, 203.0.113.9"), "198.51.100.7");
  EXPECT_EQ(client("203.0.113.8, 203.0.113.9"), "203.0.113.8");
  EXPECT_EQ(client("unknown, 203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(client(""), "203.0.113.5");
  std::string long_chain = "192.0.2.1";
  for (int i = 0; i < 10'000; ++i) long_chain += ",203.0.113.9";
  EXPECT_EQ(client(long_chain), "203.0.113.9");
}

TEST(FrontTest, tells_a_page_of_ours_from_others) {
  const auto is_ours = [](std::vector<std::pair<std::string, std::string>> fields, bool change) {
    fields.emplace_back("host", "127.0.0.1:8025");
    return is_from_our_page({}, from("127.0.0.1", std::move(fields)), change);
  };
  EXPECT_TRUE(is_ours({{"sec-fetch-site", "same-origin"}}, true));
  EXPECT_TRUE(is_ours({{"origin", "http://127.0.0.1:8025"}}, true));
  EXPECT_FALSE(is_ours({}, true));
  EXPECT_TRUE(is_ours({}, false));
  EXPECT_TRUE(is_ours({{"sec-fetch-site", "none"}}, false));
  EXPECT_FALSE(is_ours({{"sec-fetch-site", "none"}}, true));
  for (const char* site : {"cross-site", "same-site"}) {
    EXPECT_FALSE(is_ours({{"sec-fetch-site", site}}, true));
    EXPECT_FALSE(is_ours({{"sec-fetch-site", site}}, false));
  }
  for (const char* origin : {"http://127.0.0.1:9999", "https://evil.example", "null"})
    EXPECT_FALSE(is_ours({{"origin", origin}, {"sec-fetch-site", "same-origin"}}, true)) << origin;
}

TEST(FrontTest, takes_no_page_without_tls_for_ours_where_ours_have_it) {
  const auto is_ours = [](const Front& front, const char* origin) {
    return is_from_our_page(
        front, from("127.0.0.1", {{"host", "mail.example.com"}, {"origin", origin}}), true);
  };
  EXPECT_TRUE(is_ours({{}, true, {}}, "https://mail.example.com"));
  EXPECT_FALSE(is_ours({{}, true, {}}, "http://mail.example.com"));
  // A proxy that does not say whether it has TLS.
  EXPECT_TRUE(is_ours({}, "https://mail.example.com"));
}

TEST(FrontTest, has_a_cookie_that_only_tls_can_set_where_there_is_tls) {
  const Front front{{}, false, {this_machine}};
  EXPECT_EQ(session_cookie(front, from("127.0.0.1", {})), "waypost_session");
  EXPECT_EQ(session_cookie(front, from("127.0.0.1", {{"x-forwarded-proto", "https"}})),
            "__Host-waypost_session");
  EXPECT_EQ(session_cookie({{}, true, {}}, from("192.0.2.1", {})), "__Host-waypost_session");
}

TEST(FrontTest, finds_a_cookie_among_others) {
  EXPECT_EQ(cookie(from("::1", {{"cookie", "a=1; waypost_session=abc; b=2"}}), "waypost_session"),
            "abc");
  EXPECT_EQ(cookie(from("::1", {{"cookie", "xwaypost_session=abc"}}), "waypost_session"), "");
  EXPECT_EQ(cookie(from("::1", {}), "waypost_session"), "");
}

}  // namespace
}  // namespace waypost::api
