#include "smtp/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

using testing::ElementsAre;

TEST(Capabilities, are_read_from_the_reply_to_ehlo) {
  const Capabilities got =
      parse_ehlo(reply(250,
                       "mx.example at your service\nPIPELINING\nSIZE 35882577\n8BITMIME\nSTARTTLS\n"
                       "ENHANCEDSTATUSCODES\nCHUNKING\nDSN\nSMTPUTF8\nAUTH PLAIN LOGIN"));
  EXPECT_TRUE(got.pipelining && got.eight_bit_mime && got.starttls && got.enhanced_status_codes);
  EXPECT_TRUE(got.chunking && got.dsn && got.smtputf8 && got.size);
  EXPECT_EQ(got.size_octets_max, 35882577u);
  EXPECT_THAT(got.auth_mechanisms, ElementsAre("PLAIN", "LOGIN"));
  EXPECT_TRUE(got.offers_auth("plain"));
  EXPECT_FALSE(got.offers_auth("CRAM-MD5"));
}

TEST(Capabilities, are_none_without_ehlo_keywords) {
  EXPECT_EQ(parse_ehlo(reply(250, "mx.example")), Capabilities());
  EXPECT_EQ(parse_ehlo(Reply{250, std::nullopt, {}}), Capabilities());
  EXPECT_EQ(parse_ehlo(reply(250, "STARTTLS\nXSTARTTLS\nSTARTTLSX\nNO STARTTLS\n\n=")),
            Capabilities());
}

TEST(Capabilities, come_in_old_and_odd_forms) {
  const Capabilities got = parse_ehlo(
      reply(250, "mx\nauth=login plain\nAUTH LOGIN  CRAM-MD5 \nAUTH=\nstarttls\n size  1000 "));
  EXPECT_THAT(got.auth_mechanisms, ElementsAre("LOGIN", "PLAIN", "CRAM-MD5"));
  EXPECT_TRUE(got.starttls);
  EXPECT_EQ(got.size_octets_max, 1000u);
}

TEST(Capabilities, have_no_size_limit_that_is_not_a_number) {
  for (const char* line :
       {"SIZE", "SIZE 0", "SIZE -1", "SIZE 1k", "SIZE x", "SIZE 99999999999999999999999"}) {
    const Capabilities got = parse_ehlo(reply(250, std::string("mx\n") + line));
    EXPECT_TRUE(got.size) << line;
    EXPECT_EQ(got.size_octets_max, std::nullopt) << line;
  }
}

TEST(Capabilities, keep_a_hostile_list_of_mechanisms_short) {
  std::string line = "mx\nAUTH";
  for (int i = 0; i < 1000; ++i) line += " M" + std::to_string(i);
  EXPECT_EQ(parse_ehlo(reply(250, line)).auth_mechanisms.size(), 64u);
}

}  // namespace
}  // namespace waypost::smtp
