#include "submission/proxy_header.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "submission/caller.h"

namespace waypost::submission {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string length16(size_t length) { return {char(length >> 8), char(length & 0xff)}; }

// Version 2: `command` is 0x20 or 0x21, `family` such as 0x11.
std::string binary(char command, char family, const std::string& block) {
  return signature + command + family + length16(block.size()) + block;
}
std::string extra(char type, const std::string& value) {
  return type + length16(value.size()) + value;
}

const std::string v4_block = "\xc0\x00\x02\x01\xc6\x33\x64\x01\xc3\xca\x00\x19"s;
const std::string v6_block =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xc3\xca\x00\x19"s;

std::string client_of(const std::string& octets) {
  auto taken = take_proxy_header(octets);
  if (!taken) return "refused: " + taken.error().message();
  if (taken->octets == 0) return "incomplete";
  if (taken->octets != octets.size()) return "octets " + std::to_string(taken->octets);
  return taken->header.client ? taken->header.client->text() : "none";
}

TEST(ProxyHeader, gives_the_client_of_every_good_form) {
  EXPECT_EQ(client_of("PROXY TCP4 192.0.2.1 198.51.100.1 50122 25\r\n"), "192.0.2.1:50122");
  EXPECT_EQ(client_of("PROXY TCP6 2001:db8::1 2001:db8::2 50122 25\r\n"), "[2001:db8::1]:50122");
  EXPECT_EQ(client_of("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n"), "192.0.2.1:0");
  EXPECT_EQ(client_of("PROXY UNKNOWN\r\n"), "none");
  EXPECT_EQ(client_of("PROXY UNKNOWN ffff:f...f 1 2 anything\r\n"), "none");
  EXPECT_EQ(client_of(binary(0x21, 0x11, v4_block)), "192.0.2.1:50122");
  EXPECT_EQ(client_of(binary(0x21, 0x21, v6_block)), "[2001:db8::1]:50122");
  EXPECT_EQ(client_of(binary(0x21, 0x00, "")), "none");
  EXPECT_EQ(client_of(binary(0x21, 0x31, std::string(216, '/'))), "none");
}

TEST(ProxyHeader, takes_nothing_from_what_the_proxy_says_of_its_own_connection) {
  EXPECT_EQ(client_of(binary(0x20, 0x00, "")), "none");
  EXPECT_EQ(client_of(binary(0x20, 0x11, v4_block)), "none");
  EXPECT_EQ(client_of(binary(0x20, 0x55, "whatever")), "none");
}

TEST(ProxyHeader, waits_for_the_rest_of_whatever_can_still_become_one) {
  for (const std::string& whole : {"PROXY TCP4 192.0.2.1 198.51.100.1 50122 25\r\n"s,
                                   binary(0x21, 0x11, v4_block + extra(4, "padding"))})
    for (size_t octets = 0; octets < whole.size(); ++octets)
      EXPECT_EQ(client_of(whole.substr(0, octets)), "incomplete") << octets;
}

TEST(ProxyHeader, leaves_what_the_client_says_behind_it) {
  const std::string text = "PROXY TCP4 192.0.2.1 198.51.100.1 50122 25\r\n";
  EXPECT_EQ(take_proxy_header(text + "EHLO x\r\n")->octets, text.size());
  const std::string packed = binary(0x21, 0x11, v4_block);
  EXPECT_EQ(take_proxy_header(packed + "EHLO x\r\n")->octets, packed.size());
}

TEST(ProxyHeader, refuses_another_protocol_at_its_first_octet_that_differs) {
  EXPECT_THAT(client_of("E"), HasSubstr("does not begin with a PROXY header"));
  EXPECT_THAT(client_of("PROXX"), HasSubstr("does not begin"));
  EXPECT_THAT(client_of("\r\n\r\n\0\r\nQUIX"s), HasSubstr("does not begin"));
  EXPECT_THAT(client_of("\x16\x03\x01"), HasSubstr("does not begin"));
  EXPECT_THAT(client_of(signature + "\x11"), HasSubstr("unknown version"));
  EXPECT_THAT(client_of(signature + "\x22"), HasSubstr("unknown version"));
}

TEST(ProxyHeader, refuses_text_that_is_not_exactly_of_the_form) {
  for (const char* line : {
           "PROXY TCP4 192.0.2.1 198.51.100.1 50122 25\n",
           "PROXY TCP4 192.0.2.1 198.51.100.1 50122 25 \r\n",
           "PROXY TCP4  192.0.2.1 198.51.100.1 50122 25\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.1 50122\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.1 50122 25 7\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.1 65536 25\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.1 -1 25\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.1 050 25\r\n",
           "PROXY TCP4 192.0.2.256 198.51.100.1 1 25\r\n",
           "PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n",
           "PROXY TCP6 192.0.2.1 198.51.100.1 1 25\r\n",
           "PROXY TCP6 2001:db8::1 198.51.100.1 1 25\r\n",
           "PROXY UDP4 192.0.2.1 198.51.100.1 1 25\r\n",
           "PROXY unknown\r\n",
           "PROXY \r\n",
       })
    EXPECT_THAT(client_of(line), HasSubstr("refused: ")) << line;
  EXPECT_EQ(client_of("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"), "none");
  EXPECT_THAT(client_of("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), HasSubstr("too long"));
  EXPECT_THAT(client_of("PROXY UNKNOWN " + std::string(93, 'x')), HasSubstr("too long"));
}

TEST(ProxyHeader, refuses_lengths_that_do_not_fit) {
  EXPECT_THAT(client_of(binary(0x21, 0x11, v4_block.substr(1))), HasSubstr("too short"));
  EXPECT_THAT(client_of(binary(0x21, 0x21, v4_block)), HasSubstr("too short"));
  EXPECT_THAT(client_of(binary(0x21, 0x31, std::string(215, '/'))), HasSubstr("too short"));
  EXPECT_THAT(client_of(binary(0x21, 0x12, v4_block)), HasSubstr("another protocol than TCP"));
  EXPECT_THAT(client_of(binary(0x21, 0x41, v4_block)), HasSubstr("another protocol than TCP"));
  for (const std::string& tail : {"\x04"s, "\x04\0"s, "\x04\0\x01"s, "\x04\xff\xff..."s})
    EXPECT_THAT(client_of(binary(0x21, 0x11, v4_block + tail)), HasSubstr("refused: "));
  EXPECT_THAT(client_of(binary(0x21, 0x11, v4_block + extra(0x20, "1234"))),
              HasSubstr("too little about TLS"));
  const size_t fixed = 16;
  EXPECT_EQ(client_of(binary(0x20, 0, std::string(proxy_header_octets_max - fixed, 'x'))), "none");
  EXPECT_THAT(client_of(signature + "\x21\x11" + length16(proxy_header_octets_max - fixed + 1)),
              HasSubstr("too long"));
}

TEST(ProxyHeader, checks_the_checksum_where_there_is_one) {
  const auto with_checksum = [](const std::string& checksum) {
    return binary(0x21, 0x11, v4_block + extra(3, checksum) + extra(4, "ab"));
  };
  // Made by another implementation of CRC-32C.
  EXPECT_EQ(client_of(with_checksum("\x06\x50\x3f\x4e"s)), "192.0.2.1:50122");
  EXPECT_THAT(client_of(with_checksum("\0\0\0\0"s)), HasSubstr("checksum"));
  std::string damaged = with_checksum("\x06\x50\x3f\x4e"s);
  damaged.back() = 'c';
  EXPECT_THAT(client_of(damaged), HasSubstr("checksum"));
  EXPECT_THAT(client_of(binary(0x21, 0x11, v4_block + extra(3, "123"))), HasSubstr("checksum"));
}

TEST(ProxyHeader, says_whether_the_client_came_over_tls) {
  const auto came_over_tls = [](const std::string& flags) {
    return take_proxy_header(binary(0x21, 0x11, v4_block + extra(0x20, flags)))->header.client_tls;
  };
  EXPECT_TRUE(came_over_tls("\x01\0\0\0\0"s));
  EXPECT_TRUE(came_over_tls("\x07\0\0\0\0\x21\0\x07TLSv1.3"s));
  EXPECT_FALSE(came_over_tls("\x06\0\0\0\0"s));
}

TEST(Caller, is_never_trusted_by_the_address_of_a_proxy_that_named_nobody) {
  const std::vector<IpPrefix> everything_here{*IpPrefix::parse("127.0.0.0/8")};
  const Endpoint proxy = *Endpoint::parse("127.0.0.1:9");
  EXPECT_TRUE(Caller::direct(proxy).is_known_in(everything_here));
  EXPECT_FALSE(Caller::unnamed(proxy).is_known_in(everything_here));
  EXPECT_TRUE(Caller::direct(proxy).is_safe_in_the_clear());
  EXPECT_FALSE(Caller::unnamed(proxy).is_safe_in_the_clear());
}

TEST(Caller, is_not_of_this_machine_because_another_one_says_so) {
  const Endpoint loopback = *Endpoint::parse("127.0.0.1:9");
  const Endpoint elsewhere = *Endpoint::parse("192.0.2.10:9");
  const std::vector<IpPrefix> this_machine{*IpPrefix::parse("127.0.0.0/8")};
  EXPECT_FALSE(Caller::announced(elsewhere, loopback).is_known_in(this_machine));
  EXPECT_FALSE(Caller::announced(elsewhere, loopback).is_safe_in_the_clear());
  EXPECT_TRUE(Caller::announced(loopback, loopback).is_known_in(this_machine));
}

TEST(Caller, of_a_proxy_on_this_machine_is_safe_in_the_clear_only_if_its_own_way_was) {
  const Endpoint proxy = *Endpoint::parse("127.0.0.1:9");
  Caller caller = Caller::announced(proxy, *Endpoint::parse("203.0.113.9:50122"));
  EXPECT_FALSE(caller.is_safe_in_the_clear());
  caller.client_tls = true;
  EXPECT_TRUE(caller.is_safe_in_the_clear());
  caller.peer = *Endpoint::parse("192.0.2.10:9");
  EXPECT_FALSE(caller.is_safe_in_the_clear());
}

}  // namespace
}  // namespace waypost::submission
