#include "publish/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::publish {
namespace {

using testing::HasSubstr;

TEST(Inputs, takes_what_people_type_for_senders) {
  for (const auto& [typed, term] : {
           std::pair("192.0.2.1", "ip4:192.0.2.1"),
           std::pair("2001:db8::1", "ip6:2001:db8::1"),
           std::pair("192.0.2.0/24", "ip4:192.0.2.0/24"),
           std::pair("2001:db8::/32", "ip6:2001:db8::/32"),
           std::pair("+ip4:192.0.2.1", "ip4:192.0.2.1"),
           std::pair("IP4:192.0.2.1", "ip4:192.0.2.1"),
           std::pair("mx", "mx:shop.example"),
           std::pair("MX", "mx:shop.example"),
           std::pair("a", "a:shop.example"),
           std::pair("a/24", "a:shop.example/24"),
           std::pair("mx:other.example", "mx:other.example"),
           std::pair("include:esp.example", "include:esp.example"),
           std::pair("mail.shop.example", "a:mail.shop.example"),
       }) {
    auto made = sender_term(typed, "shop.example");
    ASSERT_TRUE(made) << typed << ": " << made.error().message();
    EXPECT_EQ(*made, term);
  }
}

TEST(Inputs, refuses_what_would_break_a_record_or_says_nothing_of_a_sender) {
  for (const char* typed :
       {"mail", "all", "-all", "+all", "ptr", "-ip4:192.0.2.1", "~a", "exists:x.example",
        "exists:%{i}.x.example", "redirect=x.example", "ip4:", "ip4:192.0.2.300", "include:x",
        "a:mx", "mx:", "include:x.example all", "", "host.123"}) {
    auto made = sender_term(typed, "shop.example");
    EXPECT_FALSE(made) << typed << " became " << *made;
  }
  EXPECT_THAT(sender_term("mail", "shop.example").error().message(),
              HasSubstr("as mail.shop.example"));
}

TEST(Inputs, knows_internal_addresses) {
  EXPECT_TRUE(is_internal_term("ip4:127.0.0.1"));
  EXPECT_TRUE(is_internal_term("ip4:10.1.0.0/16"));
  EXPECT_TRUE(is_internal_term("ip6:fd00::1"));
  EXPECT_FALSE(is_internal_term("ip4:192.0.2.1"));
  EXPECT_FALSE(is_internal_term("a:mail.shop.example"));
}

TEST(Inputs, refuses_a_domain_that_can_publish_nothing) {
  EXPECT_TRUE(check_publishable("shop.example", 13));
  EXPECT_FALSE(check_publishable("192.0.2.1", 13));
  EXPECT_FALSE(check_publishable("shop", 13));
  std::string longest = "example";
  while (longest.size() + 50 < 228) longest.insert(0, std::string(49, 'a') + ".");
  longest.insert(0, std::string(228 - longest.size() - 1, 'b') + ".");
  EXPECT_TRUE(check_publishable(longest, 13)) << longest.size();
  EXPECT_FALSE(check_publishable("c" + longest, 13));
}

}  // namespace
}  // namespace waypost::publish
