#include "sasl/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::sasl {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

io::SystemRng rng;

using Offer = std::vector<std::string>;

ClientLogin login(std::string mechanism = "", std::string secret = "p\xc3\xa4ss word") {
  return {"ann", Secret(secret), std::move(mechanism), std::nullopt, true};
}

ClientLogin bound(std::string mechanism = "") {
  ClientLogin made = login(std::move(mechanism));
  made.binding = ChannelBinding{ChannelBinding::Type::tls_exporter, std::string(32, 'x')};
  return made;
}

std::string chosen(const Offer& offered, const ClientLogin& by) {
  auto choice = choose_client_mechanism(offered, by);
  return choice ? std::string(*choice) : "-";
}

std::unique_ptr<ClientExchange> start(const std::string& mechanism, ClientLogin by) {
  auto exchange = start_client(Offer{mechanism}, std::move(by), rng);
  EXPECT_TRUE(exchange) << exchange.error().describe();
  return exchange ? *std::move(exchange) : nullptr;
}

std::string first_of(ClientExchange& exchange) {
  auto first = exchange.initial_response();
  return first ? first->reveal() : "(none)";
}

TEST(ChooseClientMechanism, takes_the_best_that_fits) {
  const Offer all{"LOGIN",  "PLAIN",         "CRAM-MD5",           "XOAUTH2",
                  "GSSAPI", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "OAUTHBEARER"};
  EXPECT_EQ(chosen(all, bound()), "SCRAM-SHA-256-PLUS");
  EXPECT_EQ(chosen(all, login()), "SCRAM-SHA-256");
  EXPECT_EQ(chosen(all, bound("scram-sha-256")), "SCRAM-SHA-256-PLUS");
  EXPECT_EQ(chosen(all, login("scram-sha-256-plus")), "-");
  EXPECT_EQ(chosen({"LOGIN", "plain", "CRAM-MD5"}, login()), "PLAIN");
  EXPECT_EQ(chosen({"CRAM-MD5", "LOGIN"}, login()), "LOGIN");
  EXPECT_EQ(chosen({"CRAM-MD5"}, login()), "CRAM-MD5");
  EXPECT_EQ(chosen(all, login("Auto")), "SCRAM-SHA-256");
  for (std::string named : {"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"})
    EXPECT_EQ(chosen(all, login(named)), named);
}

TEST(ChooseClientMechanism, sends_no_token_unasked) {
  EXPECT_EQ(chosen({"XOAUTH2", "OAUTHBEARER"}, login()), "-");
}

TEST(ChooseClientMechanism, shows_no_secret_without_tls) {
  ClientLogin open = login();
  open.encrypted = false;
  EXPECT_EQ(chosen({"PLAIN", "LOGIN"}, open), "-");
  EXPECT_EQ(chosen({"PLAIN", "LOGIN", "SCRAM-SHA-256"}, open), "SCRAM-SHA-256");
  open.mechanism = "xoauth2";
  EXPECT_EQ(chosen({"XOAUTH2"}, open), "-");
}

TEST(ChooseClientMechanism, says_what_was_offered) {
  auto none = choose_client_mechanism(Offer{}, login());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message(), "the server offers no login");
  auto other = choose_client_mechanism(Offer{"GSSAPI", "XO AUTH\r\n", std::string(100, 'A')},
                                       login("plain"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::not_found);
  EXPECT_EQ(other.error().message(),
            "the server offers the login mechanisms GSSAPI, and not PLAIN");
}

TEST(ChooseClientMechanism, is_not_flooded_by_an_endless_offer) {
  auto none = choose_client_mechanism(Offer(1000, "NTLM"), login());
  ASSERT_FALSE(none);
  EXPECT_LT(none.error().message().size(), 200u);
}

TEST(PlainClient, says_all_at_once) {
  auto exchange = start("PLAIN", login());
  EXPECT_EQ(first_of(*exchange), "\0ann\0p\xc3\xa4ss word"s);
  EXPECT_TRUE(exchange->server_proved());
  EXPECT_FALSE(exchange->step(""));
}

TEST(LoginClient, answers_two_questions_and_no_third) {
  auto exchange = start("LOGIN", login());
  EXPECT_EQ(first_of(*exchange), "(none)");
  EXPECT_EQ(exchange->step("Username:")->reveal(), "ann");
  EXPECT_EQ(exchange->step("whatever")->reveal(), "p\xc3\xa4ss word");
  EXPECT_FALSE(exchange->step("and your bank?"));
}

// RFC 2195 §2.
TEST(CramMd5Client, answers_as_the_rfc_shows) {
  ClientLogin tim{"tim", Secret("tanstaaftanstaaf"), "", std::nullopt, true};
  auto exchange = start("CRAM-MD5", std::move(tim));
  EXPECT_EQ(first_of(*exchange), "(none)");
  auto answer = exchange->step("<1896.697170952@postoffice.reston.mci.net>");
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->reveal(), "tim b913a602c7eda7a495b4e6e7334d3890");
}

TEST(ScramClient, tells_the_server_what_it_could_have_done) {
  EXPECT_THAT(first_of(*start("SCRAM-SHA-256", login())), testing::StartsWith("n,,n=ann,r="));
  EXPECT_THAT(first_of(*start("SCRAM-SHA-256-PLUS", bound())),
              testing::StartsWith("p=tls-exporter,,n=ann,r="));
  // Whoever was told by the configuration to do without it does not accuse the network.
  auto exchange = start_client(Offer{"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}, login(), rng);
  EXPECT_THAT(first_of(**exchange), testing::StartsWith("n,,"));
}

TEST(ScramClient, never_uses_a_nonce_twice) {
  EXPECT_NE(first_of(*start("SCRAM-SHA-256", login())), first_of(*start("SCRAM-SHA-256", login())));
}

// The challenge of a server that knows the client's nonce.
std::string server_first(ClientExchange& exchange, std::string_view rest) {
  const std::string first = first_of(exchange);
  return first.substr(first.find("r=")) + std::string(rest);
}

TEST(ScramClient, does_not_believe_a_server_that_proves_nothing) {
  auto exchange = start("SCRAM-SHA-256", login());
  EXPECT_FALSE(exchange->server_proved());
  auto answer = exchange->step(server_first(*exchange, "abc,s=QSXCR+Q6sek8bf92,i=4096"));
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(answer->reveal(), HasSubstr(",p="));
  EXPECT_FALSE(exchange->server_proved());
  EXPECT_FALSE(exchange->step("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  EXPECT_FALSE(exchange->server_proved());
  EXPECT_FALSE(exchange->step("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

TEST(ScramClient, refuses_hostile_challenges) {
  const std::string challenges[] = {
      "",
      "r=other,s=QSXCR+Q6sek8bf92,i=4096",
      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
      "e=other-error",
      "r=,s=,i=",
      std::string(challenge_octets_max + 1, 'r'),
      "r=\xff,s=QSXCR+Q6sek8bf92,i=4096",
      "r=a\0b,s=QSXCR+Q6sek8bf92,i=4096"s,
  };
  for (const std::string& challenge : challenges) {
    auto exchange = start("SCRAM-SHA-256", login());
    first_of(*exchange);
    EXPECT_FALSE(exchange->step(challenge)) << testing::PrintToString(challenge);
    EXPECT_FALSE(exchange->server_proved());
  }
}

TEST(ScramClient, does_not_work_for_a_server_as_long_as_that_likes) {
  for (std::string count : {"200001", "4294967295", "99999999999999999999999999"}) {
    auto exchange = start("SCRAM-SHA-256", login());
    auto answer = exchange->step(server_first(*exchange, "abc,s=QSXCR+Q6sek8bf92,i=" + count));
    ASSERT_FALSE(answer) << count;
    EXPECT_THAT(answer.error().message(), HasSubstr("iterations"));
  }
}

TEST(TokenClient, writes_both_messages) {
  EXPECT_EQ(first_of(*start("XOAUTH2", login("xoauth2", "ya29.tok-en=="))),
            "user=ann\1auth=Bearer ya29.tok-en==\1\1");
  ClientLogin odd{"a,b=c", Secret("ya29.tok-en=="), "oauthbearer", std::nullopt, true};
  EXPECT_EQ(first_of(*start("OAUTHBEARER", std::move(odd))),
            "n,a=a=2Cb=3Dc,\1auth=Bearer ya29.tok-en==\1\1");
}

TEST(TokenClient, answers_the_error_challenge_and_keeps_it_for_people) {
  const std::string json = R"({"status":"401","schemes":"bearer","scope":"mail"})";
  auto xoauth2 = start("XOAUTH2", login("xoauth2", "tok"));
  EXPECT_EQ(xoauth2->step(json)->reveal(), "");
  EXPECT_EQ(xoauth2->server_note(), json);
  EXPECT_FALSE(xoauth2->step(json));
  auto bearer = start("OAUTHBEARER", login("oauthbearer", "tok"));
  EXPECT_EQ(bearer->step(json)->reveal(), "\1");
}

TEST(TokenClient, keeps_hostile_challenges_short_and_harmless) {
  auto exchange = start("XOAUTH2", login("xoauth2", "tok"));
  ASSERT_TRUE(exchange->step("\x1b[2J\xff" + std::string(2000, '\r')));
  const std::string note = exchange->server_note();
  EXPECT_LE(note.size(), 256u);
  EXPECT_THAT(note, Not(HasSubstr("\x1b")));
  EXPECT_THAT(note, Not(HasSubstr("\r")));
  EXPECT_FALSE(
      start("XOAUTH2", login("xoauth2", "tok"))->step(std::string(challenge_octets_max + 1, 'x')));
}

TEST(TokenClient, repeats_no_token_that_a_server_sends_back) {
  auto exchange = start("XOAUTH2", login("xoauth2", "hunter2"));
  ASSERT_TRUE(exchange->step("you sent hunter2!"));
  EXPECT_THAT(exchange->server_note(), Not(HasSubstr("hunter2")));
}

TEST(StartClient, refuses_what_no_server_may_accept) {
  const Offer offered{"PLAIN", "LOGIN", "SCRAM-SHA-256", "XOAUTH2"};
  auto refused = [&](std::string name, std::string secret, std::string mechanism) {
    auto exchange = start_client(
        offered, {std::move(name), Secret(secret), std::move(mechanism), std::nullopt, true}, rng);
    return !exchange && exchange.error().code() == ErrorCode::invalid_input;
  };
  for (std::string mechanism : {"plain", "login", "scram-sha-256", "xoauth2"}) {
    EXPECT_TRUE(refused("", "p", mechanism));
    EXPECT_TRUE(refused("u", "", mechanism));
    EXPECT_TRUE(refused("u\0v"s, "p", mechanism));
    EXPECT_TRUE(refused("u\r\nRSET", "p", mechanism));
    EXPECT_TRUE(refused("u", "p\0q"s, mechanism));
    EXPECT_TRUE(refused("u", "p\n", mechanism));
    EXPECT_TRUE(refused("\xff", "p", mechanism));
    EXPECT_TRUE(refused("u", "\xff", mechanism));
    EXPECT_TRUE(refused("u", std::string(client_message_octets_max, 'p'), mechanism));
  }
  EXPECT_TRUE(refused("u", "not a token", "xoauth2"));
  // U+FFF9 is prohibited in names (RFC 4013 §2.3).
  EXPECT_TRUE(refused("u\xef\xbf\xb9", "p", "scram-sha-256"));
}

TEST(StartClient, fits_its_longest_message_into_a_line) {
  const size_t room = client_message_octets_max - 3 * 3 - 64;
  auto exchange = start("XOAUTH2", login("xoauth2", std::string(room, 't')));
  EXPECT_LE(first_of(*exchange).size(), client_message_octets_max);
}

}  // namespace
}  // namespace waypost::sasl
