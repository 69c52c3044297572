#include "message/trace_fields.h"

#include <array>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/header_block.h"

namespace waypost::message {
namespace {

using testing::HasSubstr;
using testing::Not;

const WallTime noon =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(12);
const MessageId id = *MessageId::parse("019aa5c0-1234-7abc-8def-0123456789ab");

Received sample() {
  Received received;
  received.greeting_name = "client.example";
  received.client = *IpAddress::parse("192.0.2.7");
  received.hostname = "mx.example";
  received.id = id;
  received.received_at = noon;
  return received;
}

std::string unfolded(const std::string& field) {
  const HeaderBlock block = scan_header_block(field);
  EXPECT_EQ(block.fields.size(), 1u) << field;
  EXPECT_EQ(block.ended_by, HeaderEnd::end_of_input) << field;
  if (block.fields.size() != 1) return "";
  std::string text = unfold(block.fields[0].value);
  for (size_t at = 0; (at = text.find("    ")) != std::string::npos;) text.erase(at, 3);
  return text;
}

void expect_short_lines(const std::string& field, size_t columns_max) {
  size_t start = 0;
  while (start < field.size()) {
    const size_t end = field.find("\r\n", start);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - start, columns_max) << field;
    start = end + 2;
  }
}

TEST(ReceivedField, says_who_how_and_when) {
  Received received = sample();
  received.recipient = "bob@dest.example";
  received.tls = true;
  received.authenticated = true;
  const std::string field = received_field(received);
  EXPECT_EQ(unfolded(field),
            "from client.example ([192.0.2.7]) by mx.example with ESMTPSA "
            "id 019aa5c0-1234-7abc-8def-0123456789ab for <bob@dest.example>; "
            "Sat, 21 Nov 2026 12:00:00 +0000");
  expect_short_lines(field, 78);
}

TEST(ReceivedField, leaves_out_recipients_when_there_are_several) {
  const std::string text = unfolded(received_field(sample()));
  EXPECT_THAT(text, Not(HasSubstr(" for ")));
  EXPECT_THAT(text, HasSubstr("0123456789ab; Sat, 21 Nov"));
}

TEST(ReceivedField, names_the_protocol_by_rfc_3848) {
  const auto with = [](bool extended, bool tls, bool authenticated) {
    Received received = sample();
    received.extended = extended;
    received.tls = tls;
    received.authenticated = authenticated;
    const std::string text = unfolded(received_field(received));
    const size_t start = text.find("with ") + 5;
    return text.substr(start, text.find(' ', start) - start);
  };
  EXPECT_EQ(with(false, false, false), "SMTP");
  EXPECT_EQ(with(true, false, false), "ESMTP");
  EXPECT_EQ(with(true, true, false), "ESMTPS");
  EXPECT_EQ(with(true, false, true), "ESMTPA");
  EXPECT_EQ(with(true, true, true), "ESMTPSA");
}

TEST(ReceivedField, writes_ipv6_as_a_literal) {
  Received received = sample();
  received.client = *IpAddress::parse("2001:db8::1");
  EXPECT_THAT(received_field(received), HasSubstr("([IPv6:2001:db8::1])"));
}

TEST(ReceivedField, is_broken_by_no_greeting_name) {
  for (const std::string& name :
       {std::string("x\r\nBcc: victim@example.org"), std::string("x\n\nbody"),
        std::string(5000, 'x'), std::string("a (b) \"c\" <d@e>;"),
        std::string("\0\x1b[2J\x7f\xff", 8), std::string()}) {
    Received received = sample();
    received.greeting_name = name;
    const std::string field = received_field(received);
    EXPECT_THAT(unfolded(field), HasSubstr("by mx.example with ESMTP")) << field;
    EXPECT_THAT(field, Not(HasSubstr("\x1b")));
    EXPECT_THAT(field, Not(HasSubstr("\"c\"")));
    expect_short_lines(field, 300);
  }
  Received received = sample();
  received.greeting_name = "[IPv6:2001:db8::9]";
  EXPECT_THAT(received_field(received), HasSubstr("from [IPv6:2001:db8::9] ("));
}

TEST(ReceivedField, leaves_out_a_recipient_that_cannot_stand_there) {
  for (const std::string& recipient : {std::string("a\r\nX: y@b"), std::string("j\xc3\xb6@b"),
                                       std::string(), std::string(255, 'a')}) {
    Received received = sample();
    received.recipient = recipient;
    EXPECT_THAT(unfolded(received_field(received)), Not(HasSubstr(" for "))) << recipient;
  }
}

TEST(MessageIdField, is_the_id_at_our_host) {
  EXPECT_EQ(message_id_field(id, "mx.example"),
            "Message-ID: <019aa5c0-1234-7abc-8def-0123456789ab@mx.example>\r\n");
}

TEST(DateField, is_utc) {
  EXPECT_EQ(date_field(noon), "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\n");
}

}  // namespace
}  // namespace waypost::message
