#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sasl/server.h"

namespace waypost::sasl {
namespace {

io::SystemRng rng;

std::unique_ptr<ServerExchange> start(std::string_view mechanism, const std::string& scope = "") {
  return *start_server(mechanism, {{}, rng, scope});
}

std::string read(std::string_view mechanism, std::string_view message) {
  const Step step = start(mechanism)->step(message);
  if (step.kind != Step::Kind::verify) return "refused: " + step.reason;
  EXPECT_TRUE(step.credentials.is_token);
  return step.credentials.login + "|" + step.credentials.password.reveal();
}

const std::string google = "user=ann@example.com\1auth=Bearer abc.def\1\1";
const std::string bearer = "n,a=ann@example.com,\1host=x\1port=587\1auth=Bearer abc.def\1\1";

TEST(TokenServer, reads_both_forms) {
  EXPECT_EQ(read("XOAUTH2", google), "ann@example.com|abc.def");
  EXPECT_EQ(read("OAUTHBEARER", bearer), "ann@example.com|abc.def");
  EXPECT_EQ(read("OAUTHBEARER", "n,,\1auth=bearer abc\1\1"), "|abc");
  EXPECT_EQ(read("OAUTHBEARER", "y,a=a=2Cb=3Dc,\1auth=Bearer abc\1\1"), "a,b=c|abc");
}

TEST(TokenServer, asks_for_the_message_when_it_did_not_come_with_auth) {
  for (const char* mechanism : {"XOAUTH2", "OAUTHBEARER"}) {
    auto exchange = start(mechanism);
    const Step first = exchange->step(std::nullopt);
    EXPECT_EQ(first.kind, Step::Kind::challenge);
    EXPECT_EQ(first.challenge, "");
    const Step second = exchange->step(mechanism == std::string("XOAUTH2") ? google : bearer);
    EXPECT_EQ(second.kind, Step::Kind::verify);
    EXPECT_EQ(exchange->finish(true).kind, Step::Kind::success);
  }
}

TEST(TokenServer, tells_in_json_that_a_token_is_no_good_and_ends_with_the_answer) {
  for (const char* answer : {"\1", "", "anything"}) {
    auto exchange = start("OAUTHBEARER");
    exchange->step(bearer);
    const Step error = exchange->finish(false);
    EXPECT_EQ(error.kind, Step::Kind::challenge);
    EXPECT_EQ(error.challenge, R"({"status":"invalid_token"})");
    EXPECT_EQ(exchange->step(answer).kind, Step::Kind::refused);
  }
  auto exchange = start("XOAUTH2", "smtp");
  exchange->step(google);
  EXPECT_EQ(exchange->finish(false).challenge, R"({"status":"invalid_token","scope":"smtp"})");
}

TEST(TokenServer, refuses_what_has_not_the_form) {
  for (const char* message : {"", "user=ann", "user=ann\1", "user=ann\1auth=Bearer abc",
                              "user=ann\1auth=Bearer abc\1", "user=ann\1auth=Bearer abc\1\1\1",
                              "auth=Bearer abc\1user=ann\1\1", "user=ann\1auth=Basic abc\1\1",
                              "user=ann\1auth=Bearer \1\1", "user=ann\1auth=Bearer a b\1\1",
                              "user=a\nb\1auth=Bearer abc\1\1", "user=\xff\1auth=Bearer abc\1\1"})
    EXPECT_TRUE(read("XOAUTH2", message).starts_with("refused: ")) << message;
  for (const char* message :
       {"", "n,,", "n,,\1", "n,,\1\1", "p=tls-exporter,,\1auth=Bearer abc\1\1",
        "n,a=,\1auth=Bearer abc\1\1", "n,a=x\1auth=Bearer abc\1\1",
        "n,a=x=2c,\1auth=Bearer abc\1\1", "n,a=x,y,\1auth=Bearer abc\1\1", "n,,\1auth=Bearer abc\1",
        "n,,\1auth\1\1", "n,,\1host=x\1\1", "n,,\1auth=Bearer abc\1\1more",
        "n,,\1auth=Bearer abc\1auth=Bearer def\1\1"})
    EXPECT_TRUE(read("OAUTHBEARER", message).starts_with("refused: ")) << message;
}

TEST(TokenServer, takes_tokens_longer_than_passwords_but_not_any_length) {
  const std::string token(8000, 'a');
  EXPECT_EQ(read("XOAUTH2", "user=\1auth=Bearer " + token + "\1\1"), "|" + token);
  const std::string endless(token_message_octets_max, 'a');
  EXPECT_TRUE(read("XOAUTH2", "user=\1auth=Bearer " + endless + "\1\1").starts_with("refused"));
}

}  // namespace
}  // namespace waypost::sasl
