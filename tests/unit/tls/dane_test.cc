#include "tls/dane.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "io/clock.h"
#include "io/digest.h"
#include "tls/openssl.h"

namespace waypost::tls {
namespace {

using dns::TlsaRecord;
using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Outcome = DaneVerdict::Outcome;

constexpr const char* host = "mx.example.com";

struct Made {
  OwnedCertificate certificate;
  OwnedKey key;

  std::string der() const {
    unsigned char* octets = nullptr;
    const int size = i2d_X509(certificate.get(), &octets);
    std::string text(reinterpret_cast<char*>(octets), static_cast<size_t>(size));
    OPENSSL_free(octets);
    return text;
  }
  std::string public_key() const {
    unsigned char* octets = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &octets);
    std::string text(reinterpret_cast<char*>(octets), static_cast<size_t>(size));
    OPENSSL_free(octets);
    return text;
  }
};

void add_extension(X509* certificate, int what, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Valid from yesterday for `valid_s` seconds; signed by `issuer`, or by itself.
Made make(const char* name, const Made* issuer, long valid_s = 90 * 86400) {
  Made made{OwnedCertificate(X509_new()), OwnedKey(EVP_EC_gen("P-256"))};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer ? 2 : 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * 86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid_s);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate,
                       X509_get_subject_name(issuer ? issuer->certificate.get() : certificate));
  if (issuer)
    add_extension(certificate, NID_subject_alt_name, ("DNS:" + std::string(name)).c_str());
  else
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
  return made;
}

std::string sha256(const std::string& octets) {
  const auto digest = io::sha256(octets);
  return {digest.begin(), digest.end()};
}

class DaneTest : public testing::Test {
 protected:
  DaneVerdict judge(const std::vector<TlsaRecord>& records, const Made& leaf) {
    return judge_dane({leaf.der(), authority_.der()}, records, {host, "example.com"},
                      clock_.wall_now());
  }

  io::SystemClock clock_;
  Made authority_ = make("Test authority", nullptr);
  Made leaf_ = make(host, &authority_);
};

TEST_F(DaneTest, fits_by_key_or_certificate_whole_or_hashed) {
  const TlsaRecord rows[] = {
      {3, 1, 1, sha256(leaf_.public_key())}, {3, 1, 0, leaf_.public_key()},
      {3, 0, 1, sha256(leaf_.der())},        {3, 0, 0, leaf_.der()},
      {2, 0, 1, sha256(authority_.der())},   {2, 1, 1, sha256(authority_.public_key())},
  };
  for (const TlsaRecord& record : rows) {
    DaneVerdict verdict = judge({record}, leaf_);
    EXPECT_EQ(verdict.outcome, Outcome::fits) << record.text(20) << " " << verdict.why;
    EXPECT_EQ(verdict.fitting, record.text());
    EXPECT_THAT(verdict.usable, ElementsAre(record.text()));
  }
}

TEST_F(DaneTest, says_which_record_would_fit_where_none_does) {
  DaneVerdict verdict = judge({{3, 1, 1, std::string(32, 'x')}}, leaf_);
  EXPECT_EQ(verdict.outcome, Outcome::fits_not);
  EXPECT_THAT(verdict.why, HasSubstr("TLSA"));
  const TlsaRecord wanted{3, 1, 1, sha256(leaf_.public_key())};
  EXPECT_EQ(verdict.wanted, wanted.text());
  EXPECT_EQ(judge({wanted, {3, 1, 1, std::string(32, 'x')}}, leaf_).outcome, Outcome::fits);
}

TEST_F(DaneTest, asks_for_name_and_date_only_under_usage_2) {
  Made other = make("other.example.net", &authority_);
  Made old = make(host, &authority_, -86400);
  const TlsaRecord by_authority{2, 0, 1, sha256(authority_.der())};
  EXPECT_EQ(judge({by_authority}, other).outcome, Outcome::fits_not);
  EXPECT_THAT(judge({by_authority}, other).why, HasSubstr("ame mismatch"));
  EXPECT_EQ(judge({by_authority}, old).outcome, Outcome::fits_not);
  EXPECT_EQ(judge({{3, 1, 1, sha256(other.public_key())}}, other).outcome, Outcome::fits);
  EXPECT_EQ(judge({{3, 1, 1, sha256(old.public_key())}}, old).outcome, Outcome::fits);
  Made of_domain = make("example.com", &authority_);
  EXPECT_EQ(judge({by_authority}, of_domain).outcome, Outcome::fits);
}

TEST_F(DaneTest, counts_what_nobody_can_use) {
  const std::vector<TlsaRecord> records{
      {1, 1, 1, sha256(leaf_.public_key())},
      {0, 0, 1, sha256(authority_.der())},
      {3, 1, 1, "too short"},
      {3, 7, 1, sha256(leaf_.public_key())},
      {3, 1, 9, sha256(leaf_.public_key())},
      {3, 0, 0, "no certificate"},
  };
  DaneVerdict verdict = judge(records, leaf_);
  EXPECT_EQ(verdict.outcome, Outcome::nothing_usable);
  EXPECT_THAT(verdict.unusable, SizeIs(records.size()));
  EXPECT_THAT(verdict.unusable.front(), HasSubstr("usage 1 is not for mail"));
  EXPECT_THAT(verdict.usable, IsEmpty());
}

TEST_F(DaneTest, nothing_fits_where_no_certificate_is_shown) {
  for (const std::vector<std::string>& chain :
       {std::vector<std::string>{}, std::vector<std::string>{"no certificate"}}) {
    DaneVerdict verdict =
        judge_dane(chain, {{3, 1, 1, sha256(leaf_.public_key())}}, {host}, clock_.wall_now());
    EXPECT_EQ(verdict.outcome, Outcome::fits_not);
    EXPECT_EQ(verdict.wanted, "");
  }
}

}  // namespace
}  // namespace waypost::tls
