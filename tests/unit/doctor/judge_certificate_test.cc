#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/judgements.h"
#include "tests/unit/doctor/filled.h"

namespace waypost::doctor {
namespace {

using std::chrono::days;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using tls::CertificateProblem;
using Item = tls::CertificateReport::Item;

const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);

// The certificate of mail.example.com, below R11, which is below X1; it holds.
class JudgeCertificateTest : public testing::Test {
 protected:
  JudgeCertificateTest() {
    ground_.host = "mail.example.com";
    certificate_ = {.shown = true,
                    .subject = "CN=mail.example.com",
                    .issuer = "CN=R11",
                    .names = {"mail.example.com"},
                    .valid_from = now - days(5),
                    .valid_until = now + days(85),
                    .key = "EC 256",
                    .chain_sent = 2,
                    .problems = {}};
  }

  Item own(CertificateProblem problem, std::string text = "") const {
    return {problem,
            certificate_.subject,
            certificate_.issuer,
            certificate_.valid_from,
            certificate_.valid_until,
            false,
            true,
            std::move(text)};
  }
  static Item of_r11(CertificateProblem problem, std::string text = "") {
    return {problem,       "CN=R11", "CN=X1", now - days(300),
            now - days(3), true,     true,    std::move(text)};
  }

  std::optional<Finding> judge(std::vector<Item> problems) {
    Opening opening;
    opening.certificate = certificate_;
    opening.certificate.problems = std::move(problems);
    auto finding = judge_certificate(ground_, opening, greeting_, now);
    if (finding) expect_filled(*finding);
    return finding;
  }

  Ground ground_;
  tls::CertificateReport certificate_;
  std::string greeting_;
};

TEST_F(JudgeCertificateTest, has_nothing_to_say_of_one_that_holds) { EXPECT_FALSE(judge({})); }

TEST_F(JudgeCertificateTest, tells_an_expired_authority_with_its_own_dates) {
  Finding finding = *judge({of_r11(CertificateProblem::expired)});
  EXPECT_EQ(finding.id, "M3030");
  EXPECT_EQ(finding.parameters.at("name"), "CN=R11");
  EXPECT_EQ(finding.parameters.at("seen"), "was good until 2026-11-20, 3 days ago");
  EXPECT_THAT(finding.observed, HasSubstr("2026-11-20"));
  EXPECT_THAT(finding.notes, Contains(HasSubstr("sends it in its chain")));
}

TEST_F(JudgeCertificateTest, tells_an_authority_of_the_future_with_its_own_dates) {
  Item item = of_r11(CertificateProblem::not_yet_valid);
  item.valid_from = now + days(3);
  item.valid_until = now + days(300);
  item.sent = false;
  Finding finding = *judge({item});
  EXPECT_EQ(finding.id, "M3030");
  EXPECT_EQ(finding.parameters.at("seen"), "is good only from 2026-11-26 on, in 3 days");
  EXPECT_THAT(finding.notes, Contains(HasSubstr("this machine's list")));
}

TEST_F(JudgeCertificateTest, believes_a_greeting_by_the_dates_of_the_authority) {
  greeting_ = "mail.example.com ESMTP Exim 4.96 Mon, 16 Nov 2026 00:00:00 +0000";
  EXPECT_EQ(judge({of_r11(CertificateProblem::expired)})->id, "M3028");
  greeting_ = "mail.example.com ESMTP Exim 4.96 Sat, 21 Nov 2026 00:00:00 +0000";
  EXPECT_EQ(judge({of_r11(CertificateProblem::expired)})->id, "M3030");
}

TEST_F(JudgeCertificateTest, never_tells_to_trust_the_authority_of_one_that_breaks_a_rule) {
  Finding finding = *judge({own(CertificateProblem::issuer_unknown),
                            own(CertificateProblem::other, "certificate signature failure")});
  EXPECT_EQ(finding.id, "M3031");
  EXPECT_EQ(finding.parameters.at("seen"), "certificate signature failure");
  EXPECT_EQ(finding.parameters.at("name"), "CN=mail.example.com");
  EXPECT_THAT(finding.notes, Contains("Besides: it has an authority not known here."));
}

TEST_F(JudgeCertificateTest, tells_whose_key_or_signature_is_weak) {
  Finding finding = *judge({own(CertificateProblem::weak_key, "a signature by SHA-1")});
  EXPECT_EQ(finding.id, "M3027");
  EXPECT_EQ(finding.parameters.at("seen"), "a signature by SHA-1");
  finding = *judge({of_r11(CertificateProblem::weak_key, "a weak key, RSA 1024")});
  EXPECT_EQ(finding.id, "M3032");
  EXPECT_EQ(finding.parameters.at("name"), "CN=R11");
  EXPECT_EQ(finding.parameters.at("seen"), "a weak key, RSA 1024");
}

TEST_F(JudgeCertificateTest, names_the_authority_at_which_the_chain_ends) {
  Finding finding = *judge({of_r11(CertificateProblem::issuer_unknown)});
  EXPECT_EQ(finding.id, "M3026");
  EXPECT_EQ(finding.parameters.at("name"), "CN=X1");
  EXPECT_THAT(finding.notes, Contains(HasSubstr("sends no certificate of CN=X1")));
  Item root = of_r11(CertificateProblem::issuer_unknown);
  root.whose = root.issuer;
  finding = *judge({root});
  EXPECT_EQ(finding.parameters.at("name"), "CN=X1");
  EXPECT_THAT(finding.notes, IsEmpty());
}

TEST_F(JudgeCertificateTest, names_what_is_missing_in_the_chain) {
  Finding finding = *judge({of_r11(CertificateProblem::chain_incomplete)});
  EXPECT_EQ(finding.id, "M3025");
  EXPECT_EQ(finding.parameters.at("seen"), "2 certificates");
  EXPECT_EQ(finding.parameters.at("name"), "CN=X1");
  certificate_.chain_sent = 1;
  finding = *judge({own(CertificateProblem::chain_incomplete)});
  EXPECT_EQ(finding.parameters.at("seen"), "its own certificate only");
  EXPECT_EQ(finding.parameters.at("name"), "CN=R11");
}

TEST_F(JudgeCertificateTest, warns_of_a_name_that_only_the_common_name_has) {
  certificate_.only_common_name = true;
  certificate_.names.clear();
  Finding finding = *judge({});
  EXPECT_EQ(finding.id, "M3033");
  EXPECT_EQ(finding.severity, Severity::warning);
  EXPECT_THAT(finding.notes, IsEmpty());
  certificate_.valid_from = now - days(85);
  certificate_.valid_until = now + days(4);
  EXPECT_THAT(judge({})->notes, Contains("Besides: it ends in 4 days."));
}

}  // namespace
}  // namespace waypost::doctor
