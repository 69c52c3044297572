#include "sasl/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::sasl {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

io::SystemRng rng;

std::unique_ptr<ServerExchange> plain() { return *start_server("PLAIN", {{}, rng}); }

TEST(PlainServer, hands_out_the_credentials_and_believes_the_verdict) {
  for (bool good : {true, false}) {
    auto exchange = plain();
    Step step = exchange->step("\0ann@example.org\0tanstaaf\xc3\xbc"s);
    ASSERT_EQ(step.kind, Step::Kind::verify) << step.reason;
    EXPECT_EQ(step.credentials.login, "ann@example.org");
    EXPECT_EQ(step.credentials.password.reveal(), "tanstaaf\xc3\xbc");
    Step end = exchange->finish(good);
    EXPECT_EQ(end.kind, good ? Step::Kind::success : Step::Kind::refused);
    EXPECT_EQ(end.login, good ? "ann@example.org" : "");
  }
}

TEST(PlainServer, asks_with_an_empty_challenge_when_nothing_came_with_auth) {
  auto exchange = plain();
  Step step = exchange->step(std::nullopt);
  ASSERT_EQ(step.kind, Step::Kind::challenge);
  EXPECT_EQ(step.challenge, "");
  EXPECT_EQ(exchange->step("\0u\0p"s).kind, Step::Kind::verify);
}

TEST(PlainServer, lets_somebody_act_for_himself_only) {
  EXPECT_EQ(plain()->step("ann\0ann\0p"s).kind, Step::Kind::verify);
  Step step = plain()->step("bob\0ann\0p"s);
  EXPECT_EQ(step.kind, Step::Kind::refused);
  EXPECT_THAT(step.reason, HasSubstr("act for somebody else"));
}

TEST(PlainServer, refuses_hostile_messages) {
  const std::string cases[] = {
      "",
      "\0"s,
      "\0\0"s,
      "\0u\0"s,
      "\0\0p"s,
      "u\0p"s,
      "\0u\0p\0"s,
      "\0u\0p\0more"s,
      "\0u\0\0p"s,
      "\0\0\0"s,
      "nothing",
      "\0u\xff\0p"s,
      "\0u\0p\xc0\x80"s,          // an overlong NUL
      "\0u\0p\xed\xa0\x80"s,      // a surrogate
      "\0u\0p\xf4\x90\x80\x80"s,  // beyond Unicode
      "\0u\0p\xe2\x82"s,          // cut short
      "\0u\r\nX: y\0p"s,
      "\0u\x7f\0p"s,
      "\0u\0"s + std::string(message_octets_max, 'p'),
  };
  for (const std::string& message : cases) {
    Step step = plain()->step(message);
    EXPECT_EQ(step.kind, Step::Kind::refused) << testing::PrintToString(message);
    EXPECT_NE(step.reason, "");
    EXPECT_TRUE(step.credentials.password.empty());
  }
}

TEST(PlainServer, takes_the_longest_message) {
  std::string password(message_octets_max - 3, 'p');
  Step step = plain()->step("\0u\0"s + password);
  ASSERT_EQ(step.kind, Step::Kind::verify);
  EXPECT_EQ(step.credentials.password.reveal(), password);
}

TEST(PlainServer, tells_no_password_in_a_reason) {
  Step step = plain()->step("x\0u\0hunter2"s);
  EXPECT_THAT(step.reason, Not(HasSubstr("hunter2")));
}

std::unique_ptr<ServerExchange> login() { return *start_server("LOGIN", {{}, rng}); }

TEST(LoginServer, asks_for_the_name_and_then_for_the_password) {
  auto exchange = login();
  Step first = exchange->step(std::nullopt);
  ASSERT_EQ(first.kind, Step::Kind::challenge);
  EXPECT_EQ(first.challenge, "Username:");
  Step second = exchange->step("ann");
  ASSERT_EQ(second.kind, Step::Kind::challenge);
  EXPECT_EQ(second.challenge, "Password:");
  Step third = exchange->step("p w");
  ASSERT_EQ(third.kind, Step::Kind::verify);
  EXPECT_EQ(third.credentials.login, "ann");
  EXPECT_EQ(third.credentials.password.reveal(), "p w");
  EXPECT_EQ(exchange->finish(true).login, "ann");
}

TEST(LoginServer, takes_the_name_with_auth_as_many_clients_send_it) {
  auto exchange = login();
  EXPECT_EQ(exchange->step("ann").challenge, "Password:");
  EXPECT_EQ(exchange->step("p").kind, Step::Kind::verify);
}

TEST(LoginServer, refuses_hostile_messages) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "p"},       {"u", ""},     {"u\0v"s, "p"}, {"u", "p\0q"s},
      {"u\r\nX", "p"}, {"\xff", "p"}, {"u", "\xff"},
  };
  for (const auto& [name, password] : cases) {
    auto exchange = login();
    exchange->step(name);
    EXPECT_EQ(exchange->step(password).kind, Step::Kind::refused) << testing::PrintToString(name);
  }
  const std::string endless(message_octets_max + 1, 'a');
  EXPECT_EQ(login()->step(endless).kind, Step::Kind::refused);
  auto exchange = login();
  exchange->step("ann");
  EXPECT_EQ(exchange->step(endless).kind, Step::Kind::refused);
}

TEST(StartServer, knows_its_mechanisms_in_either_case) {
  EXPECT_THAT(server_mechanisms(false), ElementsAre("SCRAM-SHA-256", "PLAIN", "LOGIN"));
  EXPECT_THAT(server_mechanisms(true),
              ElementsAre("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"));
  for (std::string_view name : {"plain", "Login", "scram-sha-256"})
    EXPECT_TRUE(start_server(name, {{}, rng})) << name;
  for (std::string_view name : {"", "CRAM-MD5", "ANONYMOUS", "EXTERNAL", "PLAIN ", "XOAUTH2"})
    EXPECT_FALSE(start_server(name, {{}, rng})) << name;
}

TEST(StartServer, offers_tokens_where_somebody_judges_them) {
  EXPECT_THAT(server_mechanisms(false, true),
              ElementsAre("SCRAM-SHA-256", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"));
  for (std::string_view name : {"OAUTHBEARER", "xoauth2"}) {
    EXPECT_TRUE(start_server(name, {{}, rng, ""})) << name;
    EXPECT_FALSE(start_server(name, {{}, rng})) << name;
  }
}

TEST(StartServer, offers_no_binding_that_the_connection_does_not_have) {
  EXPECT_FALSE(start_server("SCRAM-SHA-256-PLUS", {{}, rng}));
  EXPECT_TRUE(start_server("SCRAM-SHA-256-PLUS", {{{}}, rng}));
}

}  // namespace
}  // namespace waypost::sasl
