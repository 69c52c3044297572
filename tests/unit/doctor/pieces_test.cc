#include <gtest/gtest.h>

#include "doctor/host_text.h"
#include "doctor/judgements.h"
#include "doctor/packet_counters.h"
#include "doctor/usual_ports.h"

namespace waypost::doctor {
namespace {

TEST(PortMeantByTest, finds_exchanged_lost_doubled_and_wrong_digits) {
  const std::pair<uint16_t, uint16_t> rows[] = {{578, 587}, {456, 465},   {4655, 465}, {5870, 587},
                                                {52, 25},   {2552, 2525}, {588, 587}};
  for (auto [written, meant] : rows) EXPECT_EQ(port_meant_by(written), meant) << written;
  for (uint16_t fine : {25, 465, 587, 2525, 1025, 8080}) EXPECT_FALSE(port_meant_by(fine)) << fine;
}

TEST(PacketCountersTest, sees_packets_that_never_left) {
  const char* before =
      "TcpExt: SyncookiesSent TCPRetransFail TCPLostRetransmit\nTcpExt: 0 4 1\n"
      "IpExt: InNoRoutes\nIpExt: 0\n";
  const char* after = "TcpExt: SyncookiesSent TCPRetransFail TCPLostRetransmit\nTcpExt: 0 7 1\n";
  const char* snmp = "Ip: Forwarding OutRequests OutDiscards\nIp: 1 100 3\n";
  PacketCounters first = parse_packet_counters(before, snmp);
  EXPECT_EQ(first.retransmissions_failed, 4u);
  EXPECT_EQ(first.sent, 97u);
  EXPECT_TRUE(parse_packet_counters(after, snmp).dropped_here_since(first));
  EXPECT_FALSE(parse_packet_counters(before, snmp).dropped_here_since(first));
  EXPECT_FALSE(parse_packet_counters("garbage", "").dropped_here_since({}));
}

TEST(ExamineHostTest, sees_what_cannot_be_seen) {
  EXPECT_EQ(examine_host("smtp.example.com ").invisible, "a space at the end");
  EXPECT_EQ(examine_host("\"smtp.example.com\"").clean, "smtp.example.com");
  EXPECT_EQ(examine_host("SMTP.Example.com.").clean, "smtp.example.com");
  EXPECT_EQ(examine_host("smtp://smtp.example.com").foreign, "a URL");
  EXPECT_EQ(examine_host("smtps://smtp.example.com:465/").clean, "smtp.example.com");
  EXPECT_EQ(examine_host("a.example;b.example").clean, "a.example");
  EXPECT_EQ(examine_host("a.example:0").foreign, "a host and a port");
  EXPECT_EQ(examine_host("[2001:db8::1]:0").clean, "2001:db8::1");
  EXPECT_EQ(examine_host("2001:db8::1").clean, "2001:db8::1");
  EXPECT_TRUE(examine_host("2001:db8::1").foreign.empty());
  EXPECT_TRUE(examine_host("smtp.example.com").invisible.empty());
  EXPECT_TRUE(examine_host("smtp.example.com").foreign.empty());
}

TEST(MayBeAStrangersTest, tells_a_providers_own_names_from_those_beside_them) {
  for (const char* host : {"smtp.gmai1.com", "smtp.gmial.com", "smtp.gmail.co", "gmail.smtp.com"})
    EXPECT_TRUE(may_be_a_strangers(host)) << host;
  for (const char* host : {"smtp.gmail.com", "smpt.gmail.com", "smtp.google.com", "imap.gmail.com",
                           "smtp.mail.com", "smtp.example.com", ""})
    EXPECT_FALSE(may_be_a_strangers(host)) << host;
}

TEST(ProtocolOfTest, knows_who_answers) {
  EXPECT_EQ(protocol_of("HTTP/1.1 400 Bad Request"), "HTTP");
  EXPECT_EQ(protocol_of("SSH-2.0-x"), "SSH");
  EXPECT_EQ(protocol_of(std::string_view("\x15\x03\x01\x00\x02\x02\x46", 7)), "TLS");
  EXPECT_EQ(protocol_of("220 x"), "SMTP");
  EXPECT_EQ(protocol_of("220 ProFTPD FTP server"), "FTP");
  EXPECT_EQ(protocol_of("hello"), "");
}

TEST(TimeToldInTest, reads_the_date_of_a_greeting) {
  auto told = time_told_in("220 a ESMTP Exim 4.96 Sat, 21 Nov 2026 09:08:07 +0100");
  ASSERT_TRUE(told);
  EXPECT_EQ(base::to_rfc3339(*told), "2026-11-21T08:08:07.000000Z");
  EXPECT_FALSE(time_told_in("220 a ESMTP Postfix"));
  EXPECT_FALSE(time_told_in("220 a, 99 Foo 2026 09:08:07 +0100"));
}

}  // namespace
}  // namespace waypost::doctor
