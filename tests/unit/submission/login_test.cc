#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sasl/base64.h"
#include "sasl/client.h"
#include "submission/shown_login.h"
#include "tests/fakes/smtp_dialogue.h"

// Logins by our own client, mechanism for mechanism; the scripts of tests/conformance say the rest.
namespace waypost::submission {
namespace {

using fakes::SmtpDialogue;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

SmtpDialogue::Options stranger() {
  SmtpDialogue::Options options;
  options.client = IpAddress::v4({203, 0, 113, 9});
  options.tls_mode = TlsMode::implicit;
  return options;
}

SmtpDialogue::Options in_the_clear(IpAddress client) {
  SmtpDialogue::Options options;
  options.client = client;
  options.tls_mode = TlsMode::none;
  options.settings.login_without_tls_on_loopback = true;
  return options;
}

std::string challenge_in(const std::string& reply) {
  return *sasl::base64_decode(reply.substr(4, reply.find('\r') - 4), 4096);
}

// The last reply of the server to a whole exchange.
std::string log_in(SmtpDialogue& dialogue, const std::string& mechanism,
                   const std::string& secret = fakes::good_secret) {
  sasl::ClientLogin login{fakes::good_login, Secret(secret), mechanism, std::nullopt, true};
  if (mechanism.ends_with("-PLUS")) login.binding = dialogue.channel_bindings.front();
  const std::vector<std::string> offered{mechanism};
  auto exchange = *sasl::start_client(offered, std::move(login), dialogue.loop.rng());
  std::string command = "AUTH " + mechanism;
  if (auto first = exchange->initial_response())
    command += " " + sasl::base64_encode(first->reveal());
  std::string reply = dialogue.ask(command + "\r\n");
  while (reply.starts_with("334 ")) {
    auto answer = exchange->step(challenge_in(reply));
    if (!answer) return answer.error().message();
    reply = dialogue.ask(sasl::base64_encode(answer->reveal()) + "\r\n");
  }
  if (reply.empty()) {
    dialogue.loop.advance(seconds(1));
    reply = dialogue.receive();
  }
  return reply.starts_with("235") && !exchange->server_proved() ? "unproved" : reply;
}

TEST(Login, works_with_a_token_where_tokens_are_taken) {
  for (const char* mechanism : {"XOAUTH2", "OAUTHBEARER"}) {
    SmtpDialogue dialogue(stranger());
    ASSERT_TRUE(dialogue.start_tls());
    EXPECT_THAT(dialogue.ask("EHLO x\r\n"), Not(HasSubstr(mechanism)));
    EXPECT_THAT(log_in(dialogue, mechanism, fakes::good_token), StartsWith("504 5.5.4 "));
    dialogue.keys.scope = "smtp";
    EXPECT_THAT(dialogue.ask("EHLO x\r\n"), HasSubstr(mechanism));
    EXPECT_THAT(log_in(dialogue, mechanism, fakes::good_token), HasSubstr("235 2.7.0 "));
  }
}

TEST(Login, with_a_token_that_is_no_good_fails_with_the_reason_and_counts_as_a_guess) {
  SmtpDialogue dialogue(stranger());
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.keys.scope = "";
  dialogue.ask("EHLO x\r\n");
  const std::string first = "n,,\1auth=Bearer eyJ.old.c2ln\1\1";
  EXPECT_EQ(dialogue.ask("AUTH OAUTHBEARER " + sasl::base64_encode(first) + "\r\n"),
            "334 " + sasl::base64_encode(R"({"status":"invalid_token"})") + "\r\n");
  EXPECT_EQ(dialogue.ask("AQ==\r\n"), "");
  EXPECT_GT(dialogue.clients.guesses.take_turn(stranger().client, dialogue.loop.now()).wait,
            Duration(0))
      << "the next one from there waits";
  dialogue.loop.advance(seconds(1));
  EXPECT_EQ(dialogue.receive(), "535 5.7.8 The token is no good: it has expired\r\n");
  ASSERT_EQ(dialogue.sink.events.size(), 1u);
  EXPECT_THAT(events::to_json_line(dialogue.sink.events[0]), Not(HasSubstr("eyJ")));
}

TEST(Login, with_a_token_that_is_no_good_counts_as_a_guess_also_when_it_is_called_off) {
  for (const bool leaves : {false, true}) {
    SmtpDialogue dialogue(stranger());
    ASSERT_TRUE(dialogue.start_tls());
    dialogue.keys.scope = "";
    dialogue.ask("EHLO x\r\n");
    const std::string first = "n,,\1auth=Bearer eyJ.old.c2ln\1\1";
    EXPECT_THAT(dialogue.ask("AUTH OAUTHBEARER " + sasl::base64_encode(first) + "\r\n"),
                StartsWith("334 "));
    if (leaves)
      dialogue.vanish();
    else
      EXPECT_EQ(dialogue.ask("*\r\n"), "501 5.7.0 AUTH was cancelled\r\n");
    EXPECT_GT(dialogue.clients.guesses.take_turn(stranger().client, dialogue.loop.now()).wait,
              Duration(0));
    EXPECT_EQ(dialogue.failed_logins.size(), 1u);
  }
}

TEST(Login, works_by_every_mechanism_that_ehlo_names) {
  for (std::string mechanism : {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"}) {
    SmtpDialogue dialogue(stranger());
    ASSERT_TRUE(dialogue.start_tls());
    EXPECT_THAT(dialogue.ask("EHLO client.example\r\n"), HasSubstr(mechanism));
    EXPECT_THAT(log_in(dialogue, mechanism), StartsWith("235 2.7.0 ")) << mechanism;
    EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.org>\r\n"), StartsWith("250 "));
    EXPECT_THAT(dialogue.ask("AUTH PLAIN AHNob3AAY29ycmVjdC1ob3JzZQ==\r\n"), StartsWith("503 "));
  }
}

TEST(Login, fails_with_one_text_by_every_mechanism) {
  for (std::string mechanism : {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"}) {
    SmtpDialogue dialogue(stranger());
    ASSERT_TRUE(dialogue.start_tls());
    dialogue.ask("EHLO client.example\r\n");
    EXPECT_EQ(log_in(dialogue, mechanism, "wrong"),
              "535 5.7.8 The name or the secret is wrong\r\n");
    EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.org>\r\n"), StartsWith("530 "));
    EXPECT_THAT(log_in(dialogue, mechanism), StartsWith("235 ")) << "a second try";
  }
}

TEST(Login, that_failed_is_told_with_the_client_and_the_name) {
  for (std::string mechanism : {"SCRAM-SHA-256", "PLAIN", "LOGIN"}) {
    SmtpDialogue dialogue(stranger());
    ASSERT_TRUE(dialogue.start_tls());
    dialogue.ask("EHLO client.example\r\n");
    log_in(dialogue, mechanism, "wrong");
    ASSERT_EQ(dialogue.sink.events.size(), 1u);
    EXPECT_EQ(dialogue.sink.events[0].login, fakes::good_login);
    EXPECT_THAT(dialogue.sink.events[0].client, StartsWith("203.0.113.9:"));
    ASSERT_EQ(dialogue.failed_logins.size(), 1u);
    EXPECT_EQ(dialogue.failed_logins[0].login, fakes::good_login);
    EXPECT_EQ(dialogue.failed_logins[0].client, IpAddress::v4({203, 0, 113, 9}));
    EXPECT_EQ(dialogue.failed_logins[0].session, dialogue.sink.events[0].session);
    // What the next AUTH is about has nothing to do with it.
    dialogue.ask("AUTH PLAIN =\r\n");
    dialogue.loop.advance(seconds(9));
    dialogue.receive();
    EXPECT_EQ(dialogue.sink.events.back().login, "");
  }
}

TEST(Login, that_nobody_may_see_is_not_shown) {
  EXPECT_EQ(shown_login("web-prod"), "web-prod");
  EXPECT_EQ(shown_login("ann@shop.example"), "ann@shop.example");
  EXPECT_EQ(shown_login("wp_0123456789abcdefghijklmnopqrstuvw"), "") << "a secret in its place";
  EXPECT_EQ(shown_login("a\nlogin refused: client 192.0.2.1"), "");
  EXPECT_EQ(shown_login("two words"), "");
  EXPECT_EQ(shown_login(std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_EQ(shown_login(std::string(65, 'a')), "");
}

TEST(Login, waits_for_no_keys_that_cannot_be_read) {
  for (std::string mechanism : {"SCRAM-SHA-256", "PLAIN"}) {
    SmtpDialogue dialogue(stranger());
    ASSERT_TRUE(dialogue.start_tls());
    dialogue.keys.broken = true;
    dialogue.ask("EHLO client.example\r\n");
    EXPECT_THAT(log_in(dialogue, mechanism), StartsWith("454 4.7.0 "));
  }
}

TEST(Login, outside_tls_is_for_this_host_where_the_operator_says_so) {
  SmtpDialogue near(in_the_clear(IpAddress::v4({127, 0, 0, 1})));
  EXPECT_THAT(near.ask("EHLO client.example\r\n"), HasSubstr("AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n"));
  EXPECT_THAT(log_in(near, "PLAIN"), StartsWith("235 "));

  SmtpDialogue far(in_the_clear(IpAddress::v4({203, 0, 113, 9})));
  EXPECT_THAT(far.ask("EHLO client.example\r\n"), Not(HasSubstr("AUTH")));
  EXPECT_THAT(far.ask("AUTH PLAIN AHNob3AAY29ycmVjdC1ob3JzZQ==\r\n"), StartsWith("502 "));
  EXPECT_EQ(far.keys.checked, 0);

  auto options = in_the_clear(IpAddress::v4({127, 0, 0, 1}));
  options.settings.login_without_tls_on_loopback = false;
  SmtpDialogue unasked(options);
  EXPECT_THAT(unasked.ask("EHLO client.example\r\n"), Not(HasSubstr("AUTH")));
}

TEST(Login, that_the_client_leaves_in_the_middle_ends_with_the_connection) {
  SmtpDialogue dialogue(stranger());
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.ask("EHLO client.example\r\nAUTH LOGIN\r\n");
  dialogue.vanish();
  EXPECT_TRUE(dialogue.session_ended());
}

}  // namespace
}  // namespace waypost::submission
