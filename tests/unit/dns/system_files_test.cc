#include "dns/system_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::dns {
namespace {

std::vector<std::string> servers_in(std::string_view text) {
  std::vector<std::string> texts;
  for (const IpAddress& server : parse_resolv_conf(text)) texts.push_back(server.text());
  return texts;
}

TEST(ResolvConf, gives_the_addresses_of_its_servers) {
  EXPECT_THAT(servers_in("# nameserver 192.0.2.9\n; x\nsearch lan\n"
                         "nameserver 192.0.2.1\n\tnameserver\t2001:db8::1 # old\r\n"
                         "nameserver fe80::1%eth0\nnameserver\nnameservers 192.0.2.3\n"
                         "nameserver 192.0.2.2"),
              testing::ElementsAre("192.0.2.1", "2001:db8::1", "192.0.2.2"));
  EXPECT_TRUE(servers_in("").empty());
}

TEST(ResolvConf, stops_at_eight_servers) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "nameserver 192.0.2.1\n";
  EXPECT_EQ(servers_in(text).size(), 8u);
}

TEST(Hosts, gives_every_name_but_localhost) {
  auto entries = parse_hosts(
      "127.0.0.1 localhost localhost.localdomain a.localhost\n::1 localhost ip6-localhost\n"
      "192.0.2.7\tMail.Example.Net mail # ours\nrubbish here\n2001:db8::7 bad..name v6.example\n");
  std::vector<std::string> found;
  for (const HostEntry& entry : entries) found.push_back(entry.name + "=" + entry.address.text());
  EXPECT_THAT(found, testing::ElementsAre("ip6-localhost=::1", "mail.example.net=192.0.2.7",
                                          "mail=192.0.2.7", "v6.example=2001:db8::7"));
}

}  // namespace
}  // namespace waypost::dns
