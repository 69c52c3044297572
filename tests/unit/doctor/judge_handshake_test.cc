#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/judgements.h"
#include "tests/unit/doctor/filled.h"

namespace waypost::doctor {
namespace {

using testing::HasSubstr;
using Step = Opening::Step;

// A session of TLS 1.3 that ended at `step`.
class JudgeTlsEndTest : public testing::Test {
 protected:
  JudgeTlsEndTest() {
    ground_.host = "mail.example.com";
    ground_.port = 587;
  }

  std::optional<Finding> judge(tls::PeerSigns signs, Step step = Step::hello_again,
                               ErrorCode code = ErrorCode::tls) {
    Opening opening;
    opening.step = step;
    opening.error = Error(code, "it ended");
    opening.tls = tls::TlsFacts{};
    opening.signs = signs;
    auto finding = judge_tls_end(ground_, opening);
    if (finding) expect_filled(*finding);
    return finding;
  }

  Ground ground_;
};

TEST_F(JudgeTlsEndTest, knows_by_the_alert_that_a_certificate_is_wanted) {
  Finding finding = *judge({116, true});
  EXPECT_EQ(finding.id, "M3010");
  EXPECT_EQ(finding.confidence, Confidence::certain);
  EXPECT_THAT(finding.parameters.at("seen"), HasSubstr("certificate required"));
}

TEST_F(JudgeTlsEndTest, takes_a_vague_alert_for_that_where_one_was_asked_for) {
  for (int vague : {40, 42, 46, 48, 49}) {
    Finding finding = *judge({vague, true});
    EXPECT_EQ(finding.id, "M3010") << vague;
    EXPECT_EQ(finding.confidence, Confidence::likely);
    EXPECT_EQ(judge({vague, false})->id, "M3011") << vague;
  }
  EXPECT_EQ(judge({80, true})->id, "M3011");
}

TEST_F(JudgeTlsEndTest, misses_no_alert_that_our_own_words_crossed) {
  EXPECT_EQ(judge({{}, true}, Step::hello_again, ErrorCode::peer_gone)->id, "M3010");
  EXPECT_EQ(judge({{}, true}, Step::greeting, ErrorCode::peer_gone)->id, "M3010");
  EXPECT_FALSE(judge({{}, true}, Step::hello, ErrorCode::peer_gone));
  EXPECT_FALSE(judge({{}, true}, Step::greeting, ErrorCode::timed_out));
  EXPECT_FALSE(judge({{}, false}, Step::greeting, ErrorCode::peer_gone));
}

TEST(JudgeCipher, warns_where_the_servers_key_is_all_that_protects) {
  Ground ground;
  ground.host = "mail.example.com";
  Opening opening;
  for (const char* good :
       {"TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES256-SHA"}) {
    opening.tls = tls::TlsFacts{"TLSv1.2", good, true, "", ""};
    EXPECT_FALSE(judge_cipher(ground, opening)) << good;
  }
  opening.tls->cipher = "AES128-GCM-SHA256";
  Finding finding = *judge_cipher(ground, opening);
  EXPECT_EQ(finding.id, "M3013");
  EXPECT_EQ(finding.severity, Severity::warning);
  expect_filled(finding);
}

}  // namespace
}  // namespace waypost::doctor
