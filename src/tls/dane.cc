#include "tls/dane.h"

#include <chrono>

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "io/digest.h"
#include "tls/openssl.h"

namespace waypost::tls {
namespace {

using Outcome = DaneVerdict::Outcome;

constexpr uint8_t usage_authority = 2;
constexpr uint8_t usage_server = 3;

void free_certificates(STACK_OF(X509) * certificates) { sk_X509_pop_free(certificates, X509_free); }
using OwnedCertificates = Owned<STACK_OF(X509), free_certificates>;
using OwnedStore = Owned<X509_STORE, X509_STORE_free>;
using OwnedStoreContext = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;

OwnedCertificates decode(const std::vector<std::string>& chain) {
  OwnedCertificates certificates(sk_X509_new_null());
  CHECK(certificates);
  for (const std::string& der : chain) {
    const auto* octets = reinterpret_cast<const unsigned char*>(der.data());
    OwnedCertificate certificate(d2i_X509(nullptr, &octets, static_cast<long>(der.size())));
    if (!certificate) break;
    CHECK(sk_X509_push(certificates.get(), certificate.get()) > 0);
    certificate.release();
  }
  take_openssl_error();
  return certificates;
}

std::string key_record_of(X509* certificate) {
  unsigned char* octets = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &octets);
  if (size <= 0) return "";
  const auto digest = io::sha256({reinterpret_cast<char*>(octets), static_cast<size_t>(size)});
  OPENSSL_free(octets);
  return dns::TlsaRecord{usage_server, 1, 1, std::string(digest.begin(), digest.end())}.text();
}

// Holds the records and the names while OpenSSL compares.
class Comparison {
 public:
  explicit Comparison(const std::vector<std::string>& names);
  // False where OpenSSL cannot use it.
  bool add(const dns::TlsaRecord& record);
  // Whether one of the records fits; else why.
  bool compare(STACK_OF(X509) * chain, WallTime at, std::string& why);
  std::string fitting() const;

 private:
  OwnedContext context_;
  OwnedSsl session_;  // never connected: it is what OpenSSL keeps the records in
};

Comparison::Comparison(const std::vector<std::string>& names)
    : context_(SSL_CTX_new(TLS_client_method())) {
  CHECK(context_ && SSL_CTX_dane_enable(context_.get()) == 1);
  session_.reset(SSL_new(context_.get()));
  CHECK(session_);
  for (const std::string& name : names) {
    if (&name == &names.front() ? SSL_dane_enable(session_.get(), name.c_str()) == 1
                                : SSL_add1_host(session_.get(), name.c_str()) == 1)
      continue;
    take_openssl_error();
  }
  SSL_dane_set_flags(session_.get(), DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  SSL_set_hostflags(session_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

bool Comparison::add(const dns::TlsaRecord& record) {
  const int added = SSL_dane_tlsa_add(
      session_.get(), record.usage, record.selector, record.matching_type,
      reinterpret_cast<const unsigned char*>(record.data.data()), record.data.size());
  take_openssl_error();
  return added == 1;
}

bool Comparison::compare(STACK_OF(X509) * chain, WallTime at, std::string& why) {
  // No authority is known but those that the records name.
  OwnedStore store(X509_STORE_new());
  OwnedStoreContext check(X509_STORE_CTX_new());
  CHECK(store && check);
  if (X509_STORE_CTX_init(check.get(), store.get(), sk_X509_value(chain, 0), chain) != 1) {
    why = take_openssl_error();
    return false;
  }
  X509_STORE_CTX_set0_dane(check.get(), SSL_get0_dane(session_.get()));
  X509_STORE_CTX_set_default(check.get(), "ssl_server");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(check.get());
  X509_VERIFY_PARAM_set1(parameters, SSL_get0_param(session_.get()));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  X509_VERIFY_PARAM_set_time(parameters, seconds);
  const bool fits = X509_verify_cert(check.get()) == 1;
  if (!fits) why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
  take_openssl_error();
  return fits;
}

std::string Comparison::fitting() const {
  dns::TlsaRecord record;
  const unsigned char* data = nullptr;
  size_t octets = 0;
  if (SSL_get0_dane_tlsa(session_.get(), &record.usage, &record.selector, &record.matching_type,
                         &data, &octets) < 0)
    return "";
  record.data.assign(reinterpret_cast<const char*>(data), octets);
  return record.text();
}

}  // namespace

DaneVerdict judge_dane(const std::vector<std::string>& chain,
                       const std::vector<dns::TlsaRecord>& records,
                       const std::vector<std::string>& names, WallTime at) {
  DaneVerdict verdict;
  OwnedCertificates certificates = decode(chain);
  const bool shown = sk_X509_num(certificates.get()) > 0;
  if (shown) verdict.wanted = key_record_of(sk_X509_value(certificates.get(), 0));
  Comparison comparison(names);
  for (const dns::TlsaRecord& record : records) {
    // RFC 7672 §3.1.3: what depends on a list of authorities is not for mail.
    const bool for_mail = record.usage == usage_authority || record.usage == usage_server;
    if (!for_mail)
      verdict.unusable.push_back(
          fmt::format("{} (usage {} is not for mail)", record.text(), record.usage));
    else if (!comparison.add(record))
      verdict.unusable.push_back(record.text() + " (its numbers or its data make no sense)");
    else
      verdict.usable.push_back(record.text());
  }
  if (verdict.usable.empty()) return verdict;
  verdict.outcome = Outcome::fits_not;
  verdict.why = "no certificate was shown";
  if (!shown || !comparison.compare(certificates.get(), at, verdict.why)) return verdict;
  verdict.outcome = Outcome::fits;
  verdict.why.clear();
  verdict.fitting = comparison.fitting();
  return verdict;
}

}  // namespace waypost::tls
