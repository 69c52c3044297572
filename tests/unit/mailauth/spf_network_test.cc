#include "mailauth/spf_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::mailauth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Network network(std::string_view text) {
  const size_t slash = text.find('/');
  return network_around(*IpAddress::parse(text.substr(0, slash)),
                        static_cast<unsigned>(std::stoul(std::string(text.substr(slash + 1)))));
}

AddressSet set_of(std::initializer_list<std::string_view> networks) {
  AddressSet set;
  for (std::string_view text : networks) set.add(network(text));
  return set;
}

std::vector<std::string> texts(const AddressSet& set) {
  std::vector<std::string> all;
  for (const Network& one : set.networks()) all.push_back(one.text());
  return all;
}

TEST(Network, holds_what_shares_its_first_bits) {
  EXPECT_EQ(network("192.0.2.77/24").text(), "192.0.2.0/24");
  EXPECT_EQ(network("192.0.2.77/32").text(), "192.0.2.77");
  EXPECT_EQ(network("2001:db8:ffff::1/33").text(), "2001:db8:8000::/33");
  EXPECT_TRUE(network("192.0.2.0/25").contains(*IpAddress::parse("192.0.2.127")));
  EXPECT_FALSE(network("192.0.2.0/25").contains(*IpAddress::parse("192.0.2.128")));
  EXPECT_FALSE(network("0.0.0.0/0").contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(network("::/0").contains(*IpAddress::parse("ffff::1")));
  EXPECT_FALSE(network("1234::1/128").contains(*IpAddress::parse("1234::2")));
}

TEST(AddressSet, joins_neighbours_and_what_overlaps) {
  EXPECT_THAT(texts(set_of({"192.0.2.0/25", "192.0.2.128/25"})), ElementsAre("192.0.2.0/24"));
  EXPECT_THAT(texts(set_of({"10.0.0.0/8", "10.1.0.0/16"})), ElementsAre("10.0.0.0/8"));
  EXPECT_THAT(texts(set_of({"10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32"})),
              ElementsAre("10.0.0.1", "10.0.0.2/31"));
  EXPECT_THAT(texts(set_of({"2001:db8::/33", "192.0.2.1/32", "2001:db8:8000::/33"})),
              ElementsAre("192.0.2.1", "2001:db8::/32"));
  EXPECT_THAT(texts(AddressSet::everything()), ElementsAre("0.0.0.0/0", "::/0"));
}

TEST(AddressSet, subtracts_exactly) {
  AddressSet set = set_of({"192.0.2.0/30"});
  set.remove(set_of({"192.0.2.1/32"}));
  EXPECT_THAT(texts(set), ElementsAre("192.0.2.0", "192.0.2.2/31"));
  set.remove(set_of({"192.0.0.0/16"}));
  EXPECT_TRUE(set.empty());
  set = AddressSet::everything();
  set.remove(set_of({"0.0.0.0/1", "255.255.255.255/32", "::/1"}));
  EXPECT_TRUE(set.contains(*IpAddress::parse("128.0.0.0")));
  EXPECT_FALSE(set.contains(*IpAddress::parse("255.255.255.255")));
  EXPECT_TRUE(set.contains(*IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  set.remove(AddressSet::everything());
  EXPECT_THAT(texts(set), IsEmpty());
}

TEST(AddressSet, knows_what_two_have_in_common) {
  const AddressSet a = set_of({"192.0.2.0/24", "198.51.100.0/24"});
  const AddressSet b = set_of({"192.0.2.64/26", "203.0.113.0/24", "198.51.100.7/32"});
  EXPECT_THAT(texts(a.common_with(b)), ElementsAre("192.0.2.64/26", "198.51.100.7"));
  EXPECT_EQ(a.common_with(AddressSet::everything()), a);
}

}  // namespace
}  // namespace waypost::mailauth
