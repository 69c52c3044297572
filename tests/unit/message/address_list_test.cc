#include "message/address_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::message {
namespace {

using testing::ElementsAre;
using Addresses = std::vector<std::string>;

Addresses parsed(std::string_view value) {
  auto addresses = parse_address_list(value);
  EXPECT_TRUE(addresses) << value << ": " << (addresses ? "" : addresses.error().message());
  return addresses.value_or(Addresses{"(refused)"});
}

TEST(AddressListTest, finds_each_address_of_the_forms_of_rfc_5322) {
  EXPECT_THAT(parsed("ann@example.com"), ElementsAre("ann@example.com"));
  EXPECT_THAT(parsed(" ann@example.com ,\r\n\tbob@example.org\r\n"),
              ElementsAre("ann@example.com", "bob@example.org"));
  EXPECT_THAT(parsed("Ann Lee <ann@example.com>, John Q. Public <jqp@example.org>"),
              ElementsAre("ann@example.com", "jqp@example.org"));
  EXPECT_THAT(parsed("\"Lee, Ann <x@y>\" <ann@example.com>"), ElementsAre("ann@example.com"));
  EXPECT_THAT(parsed("ann@example.com (Ann (the \\) first), of us), bob@example.org"),
              ElementsAre("ann@example.com", "bob@example.org"));
  EXPECT_THAT(parsed("ann @ example . com"), ElementsAre("ann@example.com"));
  EXPECT_THAT(parsed("\"a b, c\"@example.com, <\"x>y\"@example.com>"),
              ElementsAre("\"a b, c\"@example.com", "\"x>y\"@example.com"));
  EXPECT_THAT(parsed("ann@[IPv6:2001:db8::1], bob@[192.0.2.1]"),
              ElementsAre("ann@[IPv6:2001:db8::1]", "bob@[192.0.2.1]"));
  EXPECT_THAT(parsed("root, daemon"), ElementsAre("root", "daemon"));
}

TEST(AddressListTest, opens_groups) {
  EXPECT_THAT(parsed("Friends: ann@example.com, Bob <bob@example.org>;, eve@example.net"),
              ElementsAre("ann@example.com", "bob@example.org", "eve@example.net"));
  EXPECT_THAT(parsed("undisclosed-recipients:;"), ElementsAre());
}

TEST(AddressListTest, passes_over_empty_places) {
  EXPECT_THAT(parsed(""), ElementsAre());
  EXPECT_THAT(parsed(" , ann@example.com,, "), ElementsAre("ann@example.com"));
}

TEST(AddressListTest, guesses_nothing) {
  for (const char* value :
       {"ann@example.com bob@example.org", "Ann Lee ann@example.com", "<ann@example.com", "ann>",
        "<ann@example.com> bob@example.org", "<a@b.c><d@e.f>", "\"open <ann@example.com>",
        "(open ann@example.com", "<>", "<a@b.c, d@e.f>", "x: y: z@example.com;;",
        "x: ann@example.com", "a;b", "ann@[192.0.2.1", "a\\@b", "ann\x01@example.com"})
    EXPECT_FALSE(parse_address_list(value)) << value;
  EXPECT_FALSE(parse_address_list(std::string(100'000, '(')));
}

}  // namespace
}  // namespace waypost::message
