#include "smtp/xclient.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

using testing::StartsWith;

std::string refusal(std::string_view arguments) {
  auto said = parse_xclient(arguments);
  return said ? "taken" : said.error().text();
}

TEST(XClient, reads_every_attribute_that_postfix_knows) {
  auto said = parse_xclient(
      "NAME=mail.example.org ADDR=203.0.113.9 PORT=50122 PROTO=ESMTP HELO=client.example "
      "LOGIN=shop+40example.com DESTADDR=IPV6:2001:db8::2 DESTPORT=25 REVERSE_NAME=x.example");
  ASSERT_TRUE(said) << said.error().text();
  EXPECT_EQ(said->address.value->text(), "203.0.113.9");
  EXPECT_EQ(said->port.value, 50122);
  EXPECT_EQ(said->hello_name.value, "client.example");
  EXPECT_EQ(said->login.value, "shop@example.com");
}

TEST(XClient, reads_names_in_any_case_and_ipv6_with_its_tag) {
  EXPECT_EQ(parse_xclient("addr=ipv6:2001:DB8::1")->address.value->text(), "2001:db8::1");
  EXPECT_THAT(refusal("ADDR=2001:db8::1"), StartsWith("501 5.5.4 "));
  EXPECT_THAT(refusal("ADDR=IPV6:192.0.2.1"), StartsWith("501 5.5.4 "));
}

TEST(XClient, tells_what_is_unknown_from_what_was_not_said) {
  auto said = parse_xclient("ADDR=[UNAVAILABLE] PORT=[tempunavail]");
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->address.said && said->port.said);
  EXPECT_FALSE(said->address.value || said->port.value);
  EXPECT_FALSE(said->hello_name.said);
}

TEST(XClient, refuses_what_has_not_its_form) {
  for (const char* arguments :
       {"", "ADDR", "ADDR=", "ADDR=[192.0.2.1]", "ADDR=192.0.2.1 ADDR=192.0.2.2", "PORT=65536",
        "PORT=+2D1", "PORT=25x", "PROTO=LMTP", "HELO=+0A", "HELO=a=b", "HELO=+ZZ", "COLOUR=green",
        "=x", "ADDR=192.0.2.1,PORT=25", "DESTADDR=here", "DESTPORT=-"})
    EXPECT_THAT(refusal(arguments), StartsWith("501 5.5.4 ")) << arguments;
  EXPECT_EQ(refusal("HELO=" + std::string(255, 'x')), "taken");
  EXPECT_THAT(refusal("HELO=" + std::string(256, 'x')), StartsWith("501 5.5.4 "));
}

}  // namespace
}  // namespace waypost::smtp
