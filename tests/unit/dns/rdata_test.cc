#include "dns/rdata.h"

#include <gtest/gtest.h>

namespace waypost::dns {
namespace {

using namespace std::string_literals;

TEST(MxRdata, is_a_preference_and_a_name) {
  struct Case {
    std::string rdata;
    uint16_t preference;
    std::string host;
  };
  const Case cases[] = {
      {"\x00\x0a\x02MX\x07"s + "Example\x03net\x00"s, 10, "mx.example.net"},
      {"\xff\xff\x01z\x00"s, 65535, "z"},
      {"\x00\x00\x00"s, 0, ""},  // the null MX
      {"\x00\x01\x04"s + "a.b \x02\xc3\xbc\x00"s, 1, "a\\046b\\032.\\195\\188"},
      {"\x00\x01\x03"s + "a\0b\x00"s, 1, "a\\000b"},
      {"\x00\x01\x04_x-9\x00"s, 1, "_x-9"},
  };
  for (const Case& c : cases) {
    auto record = parse_mx_rdata(c.rdata);
    ASSERT_TRUE(record) << c.host << ": " << record.error().describe();
    EXPECT_EQ(record->preference, c.preference);
    EXPECT_EQ(record->host, c.host);
  }
}

TEST(MxRdata, refuses_hostile_octets) {
  std::string longest;
  for (int i = 0; i < 4; ++i) longest += "\x3f" + std::string(63, 'a');
  const std::string cases[] = {
      "",
      "\x00"s,
      "\x00\x0a"s,
      "\x00\x0a\x02m"s,
      "\x00\x0a\x02mx"s,
      "\x00\x0a\x02mx\xc0\x0c"s,
      "\x00\x0a\xc0\x0c"s,
      "\x00\x0a\x40"s + std::string(64, 'a') + "\x00"s,
      "\x00\x0a\x80\x00"s,
      "\x00\x0a\x00\x00"s,
      "\x00\x0a\x01z\x00trailing"s,
      "\x00\x0a"s + longest + "\x00"s,  // 257 octets on the wire
      "\x00\x0a"s + std::string(70000, '\x01'),
  };
  for (const std::string& rdata : cases) {
    auto record = parse_mx_rdata(rdata);
    ASSERT_FALSE(record) << testing::PrintToString(rdata);
    EXPECT_EQ(record.error().code(), ErrorCode::dns);
  }
}

TEST(MxRdata, takes_the_longest_name) {
  std::string wire;
  for (int i = 0; i < 3; ++i) wire += "\x3f" + std::string(63, 'a');
  wire += "\x3d" + std::string(61, 'a') + "\x00"s;
  auto record = parse_mx_rdata("\x00\x0a"s + wire);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->host.size(), name_octets_max);
}

TEST(SrvRdata, is_three_numbers_and_a_name) {
  auto record = parse_srv_rdata("\x00\x0a\x01\x00\x02\x4b\x04smtp\x07"s + "Example\x03net\x00"s);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->priority, 10);
  EXPECT_EQ(record->weight, 256);
  EXPECT_EQ(record->port, 587);
  EXPECT_EQ(record->host, "smtp.example.net");
  auto none = parse_srv_rdata("\x00\x00\x00\x00\x00\x00\x00"s);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->host, "");
}

TEST(SrvRdata, refuses_hostile_octets) {
  for (const std::string& rdata :
       {""s, "\x00\x0a\x01\x00\x02"s, "\x00\x0a\x01\x00\x02\x4b"s,
        "\x00\x0a\x01\x00\x02\x4b\xc0\x0c"s, "\x00\x0a\x01\x00\x02\x4b\x01z\x00trailing"s}) {
    auto record = parse_srv_rdata(rdata);
    ASSERT_FALSE(record) << testing::PrintToString(rdata);
    EXPECT_EQ(record.error().code(), ErrorCode::dns);
  }
}

TEST(TxtRdata, is_strings_of_any_octets) {
  auto record = parse_txt_rdata("\x02hi\x00\x01\xff"s);
  ASSERT_TRUE(record);
  ASSERT_EQ(record->strings.size(), 3u);
  EXPECT_EQ(record->strings[0], "hi");
  EXPECT_EQ(record->strings[1], "");
  EXPECT_EQ(record->joined(), "hi\xff");
  for (const std::string& rdata : {""s, "\x01"s, "\x02h"s, "\x01hi"s})
    EXPECT_FALSE(parse_txt_rdata(rdata)) << testing::PrintToString(rdata);
}

TEST(PtrRdata, is_one_name) {
  EXPECT_EQ(*parse_ptr_rdata("\x02MX\x03"s + "net\x00"s), "mx.net");
  EXPECT_FALSE(parse_ptr_rdata("\x02mx"s));
  EXPECT_FALSE(parse_ptr_rdata("\x02mx\x00x"s));
}

TEST(ReverseName, counts_from_the_end) {
  EXPECT_EQ(reverse_name(*IpAddress::parse("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(*IpAddress::parse("2001:db8::cb01")),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(NormalizeQuestion, takes_escaped_octets) {
  EXPECT_EQ(*normalize_question("A\\032B.Example.NET."), "a\\032b.example.net");
  EXPECT_EQ(*normalize_question("\\065\\046.net"), "a\\046.net");
  std::string label;
  for (int i = 0; i < 63; ++i) label += "\\032";
  EXPECT_TRUE(normalize_question(label + ".net"));
  for (const std::string& name :
       {"a\\.net"s, "a\\25.net"s, "a\\256.net"s, "a\\0x0.net"s, "\\032..net"s, ".\\032.net"s,
        "a b\\032"s, label + "a.net", label + "." + label + "." + label + "." + label, "\\"s})
    EXPECT_FALSE(normalize_question(name)) << name;
}

TEST(AddressRdata, is_four_or_sixteen_octets) {
  EXPECT_EQ(parse_address_rdata("\xc0\x00\x02\x01"s, AddressFamily::v4)->text(), "192.0.2.1");
  std::string v6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01";
  EXPECT_EQ(parse_address_rdata(v6, AddressFamily::v6)->text(), "2001:db8::1");
  EXPECT_FALSE(parse_address_rdata(v6, AddressFamily::v4));
  EXPECT_FALSE(parse_address_rdata("", AddressFamily::v4));
  EXPECT_FALSE(parse_address_rdata("abc", AddressFamily::v4));
  EXPECT_FALSE(parse_address_rdata("abcd", AddressFamily::v6));
  std::string mapped = std::string(10, '\0') + "\xff\xff\x7f\x00\x00\x01"s;
  EXPECT_FALSE(parse_address_rdata(mapped, AddressFamily::v6));
}

TEST(NormalizeName, has_one_form_for_each_name) {
  EXPECT_EQ(*normalize_name("Example.NET."), "example.net");
  EXPECT_EQ(*normalize_name("_dmarc.a-b.x1"), "_dmarc.a-b.x1");
  EXPECT_EQ(*normalize_name("localhost"), "localhost");
  std::string longest = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                        std::string(63, 'c') + "." + std::string(61, 'd');
  EXPECT_TRUE(normalize_name(longest));
  EXPECT_TRUE(normalize_name(longest + "."));
  for (std::string name : {""s, "."s, "a..b"s, ".a"s, "a.."s, "a b"s, "a\\046b"s, "b\xc3\xbc"s,
                           "a\0b"s, std::string(64, 'a'), longest + "e", "a\n"s, "*"s})
    EXPECT_FALSE(normalize_name(name)) << testing::PrintToString(name);
}

}  // namespace
}  // namespace waypost::dns
