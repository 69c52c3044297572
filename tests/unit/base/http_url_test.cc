#include "base/http_url.h"

#include <gtest/gtest.h>

namespace waypost::base {
namespace {

TEST(HttpUrl, is_taken_apart) {
  const auto plain = HttpUrl::parse("https://Login.Example.com");
  ASSERT_TRUE(plain);
  EXPECT_EQ(*plain, (HttpUrl{true, "login.example.com", 443, "/"}));
  EXPECT_EQ(plain->text(), "https://login.example.com/");
  const auto whole = HttpUrl::parse("HTTP://[::1]:8080/a/b?c=%20&d");
  ASSERT_TRUE(whole);
  EXPECT_EQ(*whole, (HttpUrl{false, "::1", 8080, "/a/b?c=%20&d"}));
  EXPECT_EQ(whole->authority(), "[::1]:8080");
  EXPECT_EQ(HttpUrl::parse("http://192.0.2.1:80/x")->authority(), "192.0.2.1");
}

TEST(HttpUrl, knows_its_own_machine_by_address_alone) {
  for (const char* text : {"http://127.0.0.1/", "http://127.9.9.9:81/", "http://[::1]/"})
    EXPECT_TRUE(HttpUrl::parse(text)->is_loopback()) << text;
  for (const char* text : {"http://localhost/", "http://127.0.0.1.example/", "http://192.0.2.1/"})
    EXPECT_FALSE(HttpUrl::parse(text)->is_loopback()) << text;
}

TEST(HttpUrl, is_refused_in_every_other_form) {
  for (const char* text : {"",
                           "login.example.com",
                           "ftp://example.com/",
                           "https:///x",
                           "https://user@example.com/",
                           "https://user:secret@example.com/",
                           "https://example.com:0/",
                           "https://example.com:65536/",
                           "https://example.com:/",
                           "https://example.com:80x/",
                           "https://[::1/",
                           "https://[::1]x/",
                           "https://[192.0.2.1]/",
                           "https://::1/",
                           "https://exa mple.com/",
                           "https://example.com/a b",
                           "https://example.com/#part",
                           "https://example.com?x",
                           "https://example.com/\r\nX: y",
                           "https://-example.com/",
                           "https://example..com/",
                           "https://ex\xc3\xa4mple.com/"})
    EXPECT_FALSE(HttpUrl::parse(text)) << text;
  EXPECT_FALSE(HttpUrl::parse("https://example.com/" + std::string(3000, 'x')));
}

TEST(PercentEncode, leaves_only_what_is_unreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a+b&c=d%\r\n\xff"), "a%2Bb%26c%3Dd%25%0D%0A%FF");
}

}  // namespace
}  // namespace waypost::base
