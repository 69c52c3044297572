#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/smtp_dialogue.h"
#include "tests/unit/submission/server_fixture.h"

// Sessions of proxies that say by XCLIENT for whom they speak.
namespace waypost::submission {
namespace {

using fakes::SmtpDialogue;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const std::string mail = "MAIL FROM:<a@example.org>\r\n";

// The client 192.0.2.7 is a listed proxy, and no trusted network of its own.
SmtpDialogue::Options from_a_proxy() {
  SmtpDialogue::Options options;
  options.settings.xclient_networks = {*IpPrefix::parse("192.0.2.7")};
  options.settings.trusted_networks = {*IpPrefix::parse("203.0.113.0/24")};
  return options;
}

TEST(XClientCommand, is_announced_to_listed_proxies_alone) {
  SmtpDialogue proxy(from_a_proxy());
  EXPECT_THAT(proxy.ask("EHLO x\r\n"), HasSubstr("XCLIENT NAME ADDR PORT PROTO HELO DESTADDR "
                                                 "DESTPORT\r\n"));
  SmtpDialogue::Options options = from_a_proxy();
  options.client = IpAddress::v4({192, 0, 2, 8});
  SmtpDialogue other(options);
  EXPECT_THAT(other.ask("EHLO x\r\n"), Not(HasSubstr("XCLIENT")));
  EXPECT_THAT(other.ask("XCLIENT ADDR=203.0.113.9\r\n"), StartsWith("550 5.7.0 "));
  EXPECT_THAT(other.ask(mail), StartsWith("530 5.7.0 "));
}

TEST(XClientCommand, begins_the_session_of_the_client_that_it_names) {
  SmtpDialogue dialogue(from_a_proxy());
  dialogue.ask("EHLO proxy.example\r\n");
  EXPECT_THAT(dialogue.ask(mail), StartsWith("530 5.7.0 "));
  EXPECT_THAT(dialogue.ask("XCLIENT ADDR=203.0.113.9 PORT=1234\r\n"),
              StartsWith("220 relay.example.net ESMTP"));
  EXPECT_THAT(dialogue.ask(mail), StartsWith("503 5.5.1 Send EHLO first"));
  dialogue.ask("EHLO client.example\r\n" + mail + "RCPT TO:<b@example.net>\r\nDATA\r\n");
  EXPECT_THAT(dialogue.ask("Subject: x\r\n\r\nx\r\n.\r\n"), StartsWith("250 2.0.0 "));
  ASSERT_THAT(dialogue.queued, SizeIs(1));
  EXPECT_EQ(dialogue.queued[0].client, "203.0.113.9:1234");
  EXPECT_THAT(dialogue.stored()[0], HasSubstr("client.example"));
}

TEST(XClientCommand, takes_trust_away_as_well_as_it_gives_it) {
  SmtpDialogue::Options options = from_a_proxy();
  options.settings.trusted_networks.push_back(*IpPrefix::parse("192.0.2.7"));
  for (const char* address : {"198.51.100.1", "[UNAVAILABLE]"}) {
    SmtpDialogue dialogue(options);
    dialogue.ask("XCLIENT ADDR=" + std::string(address) + "\r\nEHLO x\r\n");
    EXPECT_THAT(dialogue.ask(mail), StartsWith("530 5.7.0 ")) << address;
  }
}

TEST(XClientCommand, of_another_machine_cannot_name_a_client_on_this_one) {
  SmtpDialogue::Options options = from_a_proxy();
  options.settings.trusted_networks = {*IpPrefix::parse("127.0.0.0/8")};
  options.settings.login_without_tls_on_loopback = true;
  SmtpDialogue dialogue(options);
  EXPECT_THAT(dialogue.ask("XCLIENT ADDR=127.0.0.1\r\nEHLO x\r\n"), Not(HasSubstr("AUTH")));
  EXPECT_THAT(dialogue.ask(mail), StartsWith("530 5.7.0 "));
}

// Else whoever bans addresses by that line bans the proxy, and all behind it.
TEST(XClientCommand, has_the_client_blamed_for_its_failed_login_and_not_the_proxy) {
  SmtpDialogue::Options options = from_a_proxy();
  options.tls_mode = TlsMode::implicit;
  SmtpDialogue dialogue(options);
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.ask("XCLIENT ADDR=203.0.113.9\r\nEHLO x\r\n");
  dialogue.ask("AUTH PLAIN AHdlYi1wcm9kAHdyb25n\r\n");
  ASSERT_THAT(dialogue.failed_logins, SizeIs(1));
  EXPECT_EQ(dialogue.failed_logins[0].client, IpAddress::v4({203, 0, 113, 9}));
}

TEST(XClientCommand, may_be_said_in_several_lines_that_add_up) {
  SmtpDialogue dialogue(from_a_proxy());
  dialogue.ask(
      "XCLIENT HELO=client.example\r\nXCLIENT ADDR=203.0.113.9\r\nXCLIENT PROTO=ESMTP\r\n");
  dialogue.ask("EHLO proxy.example\r\n" + mail + "RCPT TO:<b@example.net>\r\nDATA\r\n");
  dialogue.ask("Subject: x\r\n\r\nx\r\n.\r\n");
  ASSERT_THAT(dialogue.queued, SizeIs(1));
  EXPECT_THAT(dialogue.stored()[0], AllOf(HasSubstr("client.example"), HasSubstr("203.0.113.9"),
                                          Not(HasSubstr("proxy.example"))));
}

// nginx passes on all that the client says once it has named it and greeted for it.
TEST(XClientCommand, is_over_once_the_proxy_has_named_its_client_and_greeted) {
  for (const std::string hello : {"EHLO x\r\n", "HELO x\r\n", "EHLO @\r\nEHLO x\r\n"}) {
    SmtpDialogue dialogue(from_a_proxy());
    dialogue.ask("EHLO proxy.example\r\nXCLIENT ADDR=198.51.100.1\r\n");
    EXPECT_THAT(dialogue.ask(hello), Not(HasSubstr("XCLIENT"))) << hello;
    EXPECT_THAT(dialogue.ask("XCLIENT ADDR=203.0.113.9\r\n"), StartsWith("550 5.7.0 ")) << hello;
    EXPECT_THAT(dialogue.ask("XCLIENT HELO=bank.example\r\n"), StartsWith("550 5.7.0 ")) << hello;
    EXPECT_THAT(dialogue.ask("RSET\r\nEHLO x\r\n"), Not(HasSubstr("XCLIENT"))) << hello;
    EXPECT_THAT(dialogue.ask(mail), StartsWith("530 5.7.0 ")) << hello;
  }
}

TEST(XClientCommand, names_no_second_address_even_before_the_greeting) {
  for (const char* first : {"198.51.100.1", "[UNAVAILABLE]"}) {
    SmtpDialogue dialogue(from_a_proxy());
    dialogue.ask("XCLIENT ADDR=" + std::string(first) + "\r\n");
    EXPECT_THAT(dialogue.ask("XCLIENT ADDR=203.0.113.9\r\n"), StartsWith("550 5.7.0 ")) << first;
    dialogue.ask("EHLO x\r\n");
    EXPECT_THAT(dialogue.ask(mail), StartsWith("530 5.7.0 ")) << first;
  }
}

TEST(XClientCommand, is_over_inside_tls_too) {
  SmtpDialogue dialogue(from_a_proxy());
  dialogue.ask("XCLIENT ADDR=198.51.100.1\r\nEHLO x\r\nSTARTTLS\r\n");
  ASSERT_TRUE(dialogue.start_tls());
  EXPECT_THAT(dialogue.ask("XCLIENT ADDR=203.0.113.9\r\n"), StartsWith("550 5.7.0 "));
  EXPECT_THAT(dialogue.ask("EHLO x\r\n"), Not(HasSubstr("XCLIENT")));
  EXPECT_THAT(dialogue.ask(mail), StartsWith("530 5.7.0 "));
}

TEST(XClientCommand, brings_no_login_and_ends_the_one_that_was_there) {
  SmtpDialogue::Options options = from_a_proxy();
  options.tls_mode = TlsMode::implicit;
  SmtpDialogue dialogue(options);
  ASSERT_TRUE(dialogue.start_tls());
  EXPECT_THAT(dialogue.ask("EHLO x\r\nXCLIENT ADDR=198.51.100.1 LOGIN=shop\r\n"),
              HasSubstr("550 5.7.0 XCLIENT names no logins here"));
  EXPECT_THAT(dialogue.ask("AUTH PLAIN AHNob3AAY29ycmVjdC1ob3JzZQ==\r\n"), StartsWith("235 "));
  EXPECT_THAT(dialogue.ask("XCLIENT ADDR=198.51.100.1 LOGIN=[UNAVAILABLE]\r\n"),
              StartsWith("220 "));
  EXPECT_THAT(dialogue.ask("EHLO x\r\n" + mail), HasSubstr("530 5.7.0 "));
}

TEST(XClientCommand, refuses_names_that_would_not_do_in_ehlo) {
  SmtpDialogue dialogue(from_a_proxy());
  EXPECT_THAT(dialogue.ask("XCLIENT ADDR=203.0.113.9 HELO=a+20b\r\n"), HasSubstr("501 5.5.4 "));
  EXPECT_THAT(dialogue.ask("EHLO x\r\n" + mail), HasSubstr("530 5.7.0 "))
      << "what was refused must change nothing";
}

TEST(XClientCommand, keeps_what_the_proxy_said_over_starttls) {
  SmtpDialogue::Options options = from_a_proxy();
  options.settings.trusted_networks = {*IpPrefix::parse("192.0.2.7")};
  SmtpDialogue dialogue(options);
  EXPECT_THAT(dialogue.ask("XCLIENT ADDR=198.51.100.1\r\nEHLO x\r\nSTARTTLS\r\n"),
              EndsWith("220 2.0.0 Ready to start TLS\r\n"));
  ASSERT_TRUE(dialogue.start_tls());
  EXPECT_THAT(dialogue.ask("EHLO x\r\n" + mail), HasSubstr("530 5.7.0 "));
}

TEST(ProxiedSession, may_log_in_outside_tls_only_if_the_way_to_the_proxy_was_safe) {
  const Endpoint proxy = *Endpoint::parse("127.0.0.1:9");
  SmtpDialogue::Options options;
  options.tls_mode = TlsMode::none;
  options.settings.login_without_tls_on_loopback = true;
  options.caller = Caller::announced(proxy, *Endpoint::parse("203.0.113.9:50122"));
  SmtpDialogue in_the_clear(options);
  EXPECT_THAT(in_the_clear.ask("EHLO x\r\n"), Not(HasSubstr("AUTH")));
  options.caller->client_tls = true;
  SmtpDialogue over_tls(options);
  EXPECT_THAT(over_tls.ask("EHLO x\r\n"), HasSubstr("AUTH"));
}

TEST_F(ServerTest, counts_an_announced_client_and_not_the_proxy_that_speaks_for_it) {
  settings_.xclient_networks = {*IpPrefix::parse("192.0.2.7")};
  settings_.connections_per_address_max = 1;
  start();
  auto a = connect("192.0.2.7");
  auto b = connect("192.0.2.7");
  EXPECT_THAT(receive(*b), StartsWith("220 "));
  EXPECT_THAT(ask(*a, "XCLIENT ADDR=203.0.113.9\r\n"), HasSubstr("220 "));
  EXPECT_EQ(clients_.connected_from(*IpAddress::parse("203.0.113.9")), 1u);
  EXPECT_THAT(ask(*b, "XCLIENT ADDR=203.0.113.9\r\n"), StartsWith("421 4.7.0 Too many"));
  EXPECT_EQ(clients_.connected(), 1u);
  auto direct = connect("203.0.113.9");
  EXPECT_THAT(receive(*direct), StartsWith("421 4.7.0 "));
}

}  // namespace
}  // namespace waypost::submission
