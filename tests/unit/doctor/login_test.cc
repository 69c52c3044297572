#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sasl/base64.h"
#include "tests/unit/doctor/filled.h"
#include "tests/unit/doctor/scripted_session.h"

// Rung 4 against servers that answer by a script.
namespace waypost::doctor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class WalkLogin : public ScriptedSession {};

TEST_F(WalkLogin, hands_a_token_over_by_the_mechanism_that_is_offered) {
  request_.by_token = true;
  request_.password = Secret("ya29.token");
  session_->capabilities.auth_mechanisms = {"PLAIN", "OAUTHBEARER"};
  script({{"AUTH", "235 2.7.0 Accepted"}});
  EXPECT_EQ(login().status, RungStatus::pass);
  EXPECT_TRUE(heard("AUTH OAUTHBEARER "));
}

TEST_F(WalkLogin, hands_no_token_over_as_a_password) {
  request_.by_token = true;
  EXPECT_EQ(ids(login()), "M4005");
  EXPECT_TRUE(heard_.empty());
}

TEST_F(WalkLogin, passes_when_the_server_takes_the_login) {
  script({{"AUTH PLAIN ", "235 2.7.0 ok"}});
  RungResult result = login();
  EXPECT_EQ(result.status, RungStatus::pass);
  EXPECT_EQ(result.line, "ann@example.com by PLAIN");
  EXPECT_TRUE(session_->logged_in);
  EXPECT_EQ(context_.effects.login_attempts, 1u);
  EXPECT_TRUE(result.findings.empty());
  EXPECT_TRUE(request_.password.empty());
}

TEST_F(WalkLogin, sends_exactly_the_password_that_was_given) {
  request_.password = Secret(" two  spaces ");
  script({{"AUTH PLAIN ", "235 2.7.0 ok"}});
  login();
  ASSERT_EQ(heard_.size(), 1u);
  EXPECT_EQ(*sasl::base64_decode(heard_[0].substr(11), 1000),
            std::string("\0ann@example.com\0 two  spaces ", 30));
}

TEST_F(WalkLogin, answers_the_questions_of_LOGIN) {
  session_->capabilities.auth_mechanisms = {"LOGIN"};
  script({{"AUTH LOGIN", "334 VXNlcm5hbWU6"},
          {sasl::base64_encode("ann@example.com"), "334 UGFzc3dvcmQ6"},
          {sasl::base64_encode("correct horse"), "235 ok"}});
  EXPECT_EQ(login().status, RungStatus::pass);
}

TEST_F(WalkLogin, without_a_user_tells_only_what_is_offered) {
  request_.user.clear();
  RungResult result = login();
  EXPECT_EQ(result.status, RungStatus::skipped);
  EXPECT_EQ(result.line, "not configured (no --user)");
  ASSERT_FALSE(result.facts.empty());
  EXPECT_THAT(result.facts[0].values, testing::ElementsAre("PLAIN", "LOGIN"));
  EXPECT_TRUE(heard_.empty());
}

TEST_F(WalkLogin, waits_for_a_server_that_is_slow_after_failures) {
  // 15 seconds, as Dovecot after two wrong passwords.
  script({{"AUTH PLAIN ", ""}});
  std::optional<RungResult> result;
  tasks_.start(keep(walk_login(context_, request_, *session_), result));
  world_.run_for(45s);
  EXPECT_FALSE(result.has_value());
  world_.run_for(30s);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(ids(*result), "M4029");
  EXPECT_EQ(result->status, RungStatus::unknown);
  expect_filled(result->findings[0]);
}

TEST_F(WalkLogin, takes_235_for_yes_and_no_other_code) {
  for (const char* reply : {"250 ok", "220 ready", "354 go on", "150 hm", "999 hm", "hello"}) {
    class Case : public WalkLogin {
     public:
      void TestBody() override {}
      RungResult result(const char* reply) {
        script({{"AUTH PLAIN ", reply}});
        RungResult result = login();
        EXPECT_FALSE(session_->logged_in);
        return result;
      }
    } one;
    RungResult result = one.result(reply);
    EXPECT_EQ(ids(result), "M4028") << reply;
    EXPECT_EQ(result.status, RungStatus::fail);
    expect_filled(result.findings[0]);
  }
}

TEST_F(WalkLogin, keeps_the_password_where_nobody_vouches_for_the_server) {
  session_->certificate_holds = false;
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4022");
  EXPECT_EQ(result.status, RungStatus::fail);
  EXPECT_TRUE(heard_.empty());
  EXPECT_EQ(context_.effects.login_attempts, 0u);
}

TEST_F(WalkLogin, keeps_the_password_without_encryption) {
  session_->encrypted = false;
  EXPECT_EQ(ids(login()), "M4023");
  EXPECT_TRUE(heard_.empty());
}

TEST_F(WalkLogin, claims_no_login_behind_starttls_that_was_not_seen) {
  session_->encrypted = false;
  session_->capabilities.auth_mechanisms.clear();
  session_->capabilities.starttls = true;
  // Nobody answers a second connection here: what is behind STARTTLS is not claimed.
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4033");
  expect_filled(result.findings[0]);
}

TEST_F(WalkLogin, knows_a_server_that_offers_no_login) {
  session_->capabilities.auth_mechanisms.clear();
  session_->peer.port = 25;
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4004");
  expect_filled(result.findings[0]);
  EXPECT_THAT(result.findings[0].fixes,
              testing::Contains(testing::AllOf(testing::Field(&Fix::id, "port"),
                                               testing::Field(&Fix::tested, Tested::fails))));
}

TEST_F(WalkLogin, knows_a_server_that_shares_no_mechanism) {
  session_->capabilities.auth_mechanisms = {"GSSAPI", "NTLM"};
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4005");
  EXPECT_EQ(result.findings[0].parameters.at("mechanisms"), "GSSAPI, NTLM");
  EXPECT_TRUE(heard_.empty());
}

TEST_F(WalkLogin, says_what_a_login_cannot_carry) {
  request_.password = Secret("from echo\n");
  EXPECT_EQ(ids(login()), "M4020");
  request_.password = Secret("a\x01z");
  EXPECT_EQ(ids(login()), "M4025");
  request_.password = Secret("\xff\xfe");
  EXPECT_EQ(ids(login()), "M4025");
  request_.password = Secret();
  EXPECT_EQ(ids(login()), "M4025");
  EXPECT_TRUE(heard_.empty());
}

TEST_F(WalkLogin, decodes_what_a_server_says_about_a_token) {
  session_->capabilities.auth_mechanisms = {"XOAUTH2"};
  request_.mechanism = "XOAUTH2";
  request_.password = Secret("ya29.token");
  script({{"AUTH XOAUTH2 ", "334 " + sasl::base64_encode(R"({"status":"400","schemes":"Bearer"})")},
          {"", "535 5.7.8 Username and Password not accepted"}});
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4011");
  EXPECT_THAT(result.findings[0].parameters.at("seen"), HasSubstr(R"("status":"400")"));
  EXPECT_THAT(all_evidence(), HasSubstr(R"("status":"400")"));
}

TEST_F(WalkLogin, does_not_believe_a_server_that_proves_nothing) {
  session_->capabilities.auth_mechanisms = {"SCRAM-SHA-256"};
  script({{"AUTH SCRAM", "235 2.7.0 welcome"}});
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4024");
  EXPECT_FALSE(session_->logged_in);
}

TEST_F(WalkLogin, ends_an_exchange_that_makes_no_sense) {
  script({{"AUTH PLAIN ", "334 ====="}, {"*", "501 5.7.0 cancelled"}});
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4028");
  EXPECT_EQ(result.findings[0].observed, "334 =====");
  EXPECT_EQ(heard_.back(), "*");
  expect_filled(result.findings[0]);
}

TEST_F(WalkLogin, ends_with_a_server_that_asks_for_more_and_more) {
  session_->capabilities.auth_mechanisms = {"LOGIN"};
  script({{"*", "501 5.7.0 cancelled"}, {"", "334 VXNlcm5hbWU6"}});
  EXPECT_EQ(ids(login()), "M4028");
  EXPECT_LT(heard_.size(), 12u);
}

TEST_F(WalkLogin, knows_a_question_that_is_no_base64) {
  session_->capabilities.auth_mechanisms = {"LOGIN"};
  script({{"AUTH LOGIN", "334 Username:"}, {"*", "501 5.7.0 cancelled"}});
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4028");
  EXPECT_EQ(result.findings[0].observed, "334 Username:");
  EXPECT_THAT(result.line, Not(HasSubstr("refuses")));
}

// Over two lines, each with its code, and with blanks in it.
TEST_F(WalkLogin, hides_a_secret_that_is_written_over_several_lines) {
  script({{"AUTH PLAIN ",
           "535-5.7.8 Error: got correct ho\r\n535 5.7.8 rse, and c o r r e c t h o r s e"}});
  RungResult result = login();
  EXPECT_EQ(result.status, RungStatus::fail);
  EXPECT_THAT(all_evidence() + result.findings[0].observed, Not(HasSubstr("rse")));
  EXPECT_THAT(all_evidence(), HasSubstr("[hidden]"));
}

TEST_F(WalkLogin, hides_a_secret_with_other_octets_between_its_own) {
  for (const char* reply : {"535 c-o-r-r-e-c-t-h-o-r-s-e", "535 e.s.r.o.h.t.c.e.r.r.o.c",
                            "535-\"correct ho\"\\\r\n535 5.7.8 \"rse\""}) {
    request_.password = Secret("correct horse");
    script({{"AUTH PLAIN ", reply}});
    RungResult result = login();
    const std::string shown = all_evidence() + result.findings[0].observed;
    for (const char* piece : {"rse", "r.r", "r-r"}) EXPECT_THAT(shown, Not(HasSubstr(piece)));
  }
}

TEST_F(WalkLogin, hides_a_secret_that_a_question_spreads) {
  for (const char* question :
       {"334-correct ho\r\n334 rse", "334 c o r r e c t h o r s e", "334-corre\r\n334 ct-horse"}) {
    request_.password = Secret("correct horse");
    script({{"AUTH PLAIN ", question}, {"*", "501 5.7.0 cancelled"}});
    RungResult result = login();
    EXPECT_EQ(ids(result), "M4028");
    EXPECT_EQ(result.findings[0].observed, "334 [hidden]");
    EXPECT_EQ(result.findings[0].parameters["seen"], "334 [hidden]");
  }
}

TEST_F(WalkLogin, tells_a_connection_that_ends) {
  script({{"AUTH PLAIN ", "close"}});
  RungResult result = login();
  EXPECT_EQ(ids(result), "M4030");
  EXPECT_EQ(result.line, "the connection ended");
  EXPECT_EQ(result.status, RungStatus::unknown);
}

// Whatever the server says back: no output holds the password or its base64 forms.
TEST(LoginSecrets, are_in_no_output) {
  class Case : public ScriptedSession {
   public:
    void TestBody() override {}
    Case(std::string user, std::string password, std::string mechanism) {
      request_.user = user;
      request_.password = Secret(password);
      session_->capabilities.auth_mechanisms = {mechanism};
      user_ = user;
      password_ = password;
    }
    // The server says every line back that it hears, whole, cut, and decoded.
    std::string output() {
      const std::string whole =
          sasl::base64_encode(std::string(1, '\0') + user_ + '\0' + password_);
      const std::string coded = sasl::base64_encode(password_);
      script({{"AUTH PLAIN ", "535-5.7.8 what is " + whole + "\r\n535-5.7.8 or " +
                                  whole.substr(0, whole.size() * 2 / 3) + "\r\n535 5.7.8 or " +
                                  password_ + " or " + coded},
              {"AUTH LOGIN", "334 VXNlcm5hbWU6"},
              {sasl::base64_encode(user_), "334 UGFzc3dvcmQ6"},
              {coded, "500 unknown command " + coded + " " + password_}});
      RungResult result = login();
      std::string all = all_evidence() + result.line;
      for (const Finding& finding : result.findings) {
        all += finding.observed;
        for (const auto& [name, value] : finding.parameters) all += value + "\n";
        for (const std::string& note : finding.notes) all += note + "\n";
        for (const Fix& fix : finding.fixes)
          for (const auto& [key, value] : fix.set) all += value + "\n";
      }
      EXPECT_FALSE(result.findings.empty());
      return all;
    }
    std::string user_;
    std::string password_;
  };
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::string password;
    size_t length = 4 + random() % 40;
    // Octets as a password may have them; control octets are never sent.
    while (password.size() < length) password += char(0x20 + random() % 0x5f);
    std::string user = "user" + std::to_string(random()) + "@example.com";
    Case one(user, password, round % 2 == 0 ? "PLAIN" : "LOGIN");
    std::string output = one.output();
    EXPECT_THAT(output, Not(HasSubstr(password)));
    EXPECT_THAT(output, Not(HasSubstr(sasl::base64_encode(password))));
    std::string whole = sasl::base64_encode(std::string(1, '\0') + user + '\0' + password);
    EXPECT_THAT(output, Not(HasSubstr(whole.substr(0, 16))));
  }
}

TEST(LoginSecrets, of_random_octets_are_in_no_output) {
  std::mt19937 random(12);
  for (int round = 0; round < 100; ++round) {
    class Case : public ScriptedSession {
     public:
      void TestBody() override {}
      std::string output(const std::string& password) {
        request_.password = Secret(password);
        script({{"AUTH", "535 " + sasl::base64_encode(password)}});
        RungResult result = login();
        std::string all = all_evidence() + result.line;
        for (const Finding& finding : result.findings) {
          all += finding.observed;
          for (const auto& [name, value] : finding.parameters) all += value;
          for (const std::string& note : finding.notes) all += note;
        }
        return all;
      }
    } one;
    std::string password;
    size_t length = 4 + random() % 30;
    while (password.size() < length) password += char(random());
    std::string output = one.output(password);
    EXPECT_THAT(output, Not(HasSubstr(password)));
    EXPECT_THAT(output, Not(HasSubstr(sasl::base64_encode(password))));
  }
}

}  // namespace
}  // namespace waypost::doctor
