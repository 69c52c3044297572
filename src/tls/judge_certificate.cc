#include "tls/judge_certificate.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "tls/openssl.h"

namespace waypost::tls {
namespace {

constexpr size_t names_max = 20;
constexpr size_t name_octets_max = 253;
constexpr int chain_kept_max = 10;
constexpr int rsa_bits_min = 2048;
constexpr int curve_bits_min = 224;

using OwnedStoreContext = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
using OwnedNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  namespace chrono = std::chrono;
  chrono::year_month_day day{chrono::year(parts.tm_year + 1900),
                             chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
                             chrono::day(static_cast<unsigned>(parts.tm_mday))};
  return chrono::sys_days(day) + chrono::hours(parts.tm_hour) + chrono::minutes(parts.tm_min) +
         chrono::seconds(parts.tm_sec);
}

std::string_view octets_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string text_of_address(std::string_view octets) {
  std::array<uint8_t, 16> raw{};
  std::copy_n(octets.begin(), std::min<size_t>(octets.size(), 16), raw.begin());
  if (octets.size() == 4) return IpAddress::v4({raw[0], raw[1], raw[2], raw[3]}).text();
  if (octets.size() == 16) return IpAddress::v6(raw).text();
  return "an unreadable address";
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  OwnedNames found(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  int count = found ? sk_GENERAL_NAME_num(found.get()) : 0;
  for (int i = 0; i < count && names.size() < names_max; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
    if (name->type == GEN_DNS)
      names.push_back(base::escape_control(octets_of(name->d.dNSName).substr(0, name_octets_max)));
    else if (name->type == GEN_IPADD)
      names.push_back(text_of_address(octets_of(name->d.iPAddress)));
  }
  return names;
}

bool names_fit(X509* certificate, std::string host, unsigned flags) {
  if (host.ends_with('.')) host.pop_back();
  if (IpAddress::parse(host)) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
  return X509_check_host(certificate, host.data(), host.size(),
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | flags, nullptr) == 1;
}

std::string key_text(X509* certificate, bool& weak) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (!key) return "an unreadable key";
  int bits = EVP_PKEY_get_bits(key);
  bool rsa = EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
  bool curve = EVP_PKEY_is_a(key, "EC");
  weak = (rsa && bits < rsa_bits_min) || (curve && bits < curve_bits_min);
  return fmt::format("{} {}", rsa ? "RSA" : EVP_PKEY_get0_type_name(key), bits);
}

int digest_of(X509* certificate) {
  int digest = NID_undef;
  X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr);
  return digest;
}

bool weak_signature(X509* certificate) {
  int digest = digest_of(certificate);
  return digest == NID_md5 || digest == NID_sha1;
}

std::string weakness_of_key(X509* certificate) {
  bool weak = false;
  return fmt::format("a weak key, {}", key_text(certificate, weak));
}

std::string weakness_of_signature(X509* certificate) {
  int digest = digest_of(certificate);
  std::string name = digest == NID_undef ? "a weak hash" : OBJ_nid2sn(digest);
  return fmt::format("a signature by {}", name == "SHA1" ? "SHA-1" : name);
}

// Whether the authority that signed `certificate` is probably one below a known one that was left
// out, and not a private one: public authorities say where their certificate can be had, and some
// say what they are. Where an authority signed another, the first is no sign: the next one may well
// be a root, which no server has to send.
bool issuer_is_below_another(X509* certificate, bool of_authority) {
  auto* access = static_cast<AUTHORITY_INFO_ACCESS*>(
      X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr));
  bool told = false;
  for (int i = 0; access && !of_authority && i < sk_ACCESS_DESCRIPTION_num(access); ++i)
    told |= OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(access, i)->method) == NID_ad_ca_issuers;
  AUTHORITY_INFO_ACCESS_free(access);
  std::string issuer = base::to_lower(text_of(X509_get_issuer_name(certificate)));
  for (std::string_view word : {"intermediate", "issuing", "sub ca", "subca", "zwischen"})
    told |= issuer.find(word) != std::string::npos;
  return told;
}

CertificateProblem problem_of(int verdict, X509* certificate, bool of_authority) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return CertificateProblem::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return CertificateProblem::not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return CertificateProblem::self_signed;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return issuer_is_below_another(certificate, of_authority)
                 ? CertificateProblem::chain_incomplete
                 : CertificateProblem::issuer_unknown;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return CertificateProblem::issuer_unknown;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return CertificateProblem::weak_key;
    default:
      return CertificateProblem::other;
  }
}

std::string der_of(X509* certificate) {
  unsigned char* octets = nullptr;
  const int size = i2d_X509(certificate, &octets);
  if (size <= 0) return "";
  std::string der(reinterpret_cast<char*>(octets), static_cast<size_t>(size));
  OPENSSL_free(octets);
  return der;
}

// What a new certificate of the server mends even if an authority has it, too.
bool is_mended_by_renewal(CertificateProblem problem) {
  return problem == CertificateProblem::expired || problem == CertificateProblem::not_yet_valid ||
         problem == CertificateProblem::weak_key;
}

void add(CertificateReport& report, CertificateProblem problem, X509* certificate,
         std::string text) {
  CertificateReport::Item item;
  item.problem = problem;
  item.whose = text_of(X509_get_subject_name(certificate));
  item.issuer = text_of(X509_get_issuer_name(certificate));
  item.valid_from = time_of(X509_get0_notBefore(certificate));
  item.valid_until = time_of(X509_get0_notAfter(certificate));
  const std::string der = der_of(certificate);
  item.of_authority = !report.chain.empty() && der != report.chain.front();
  item.sent = std::find(report.chain.begin(), report.chain.end(), der) != report.chain.end();
  item.text = std::move(text);
  auto known = std::find_if(
      report.problems.begin(), report.problems.end(),
      [problem](const CertificateReport::Item& each) { return each.problem == problem; });
  if (known == report.problems.end()) {
    report.problems.push_back(std::move(item));
  } else if (known->of_authority && !item.of_authority && is_mended_by_renewal(problem)) {
    *known = std::move(item);
  }
}

// OpenSSL's words, and behind them what they mean where they do not say it.
std::string words_of(int verdict, X509* certificate) {
  std::string text = X509_verify_cert_error_string(verdict);
  switch (verdict) {
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return weakness_of_key(certificate);
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return weakness_of_signature(certificate);
    case X509_V_ERR_INVALID_PURPOSE:
      return text + ": its usages do not allow a TLS server";
    case X509_V_ERR_INVALID_CA:
      return text + ": it is no authority's, and yet it signed one";
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return text + ": more authorities below it than it allows";
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
      return text + ": its authority may not issue for this name";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return text + ": it is damaged, forged, or an authority of the same name has another key";
    default:
      return text;
  }
}

// Called by OpenSSL for each verdict; going on finds the rest.
int note_verdict(int good, X509_STORE_CTX* store) {
  if (good == 1) return good;
  auto& report = *static_cast<CertificateReport*>(X509_STORE_CTX_get_app_data(store));
  int verdict = X509_STORE_CTX_get_error(store);
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (!certificate) certificate = X509_STORE_CTX_get0_cert(store);
  const bool of_authority = X509_STORE_CTX_get_error_depth(store) > 0;
  add(report, problem_of(verdict, certificate, of_authority), certificate,
      words_of(verdict, certificate));
  return 1;
}

std::vector<std::string> chain_of(SSL* ssl) {
  std::vector<std::string> chain;
  STACK_OF(X509)* sent = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < std::min(sk_X509_num(sent), chain_kept_max); ++i)
    chain.push_back(der_of(sk_X509_value(sent, i)));
  return chain;
}

void verify_chain(SSL* ssl, X509* certificate, WallTime at, CertificateReport& report) {
  OwnedStoreContext store(X509_STORE_CTX_new());
  X509_STORE* authorities = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  if (!store || X509_STORE_CTX_init(store.get(), authorities, certificate,
                                    SSL_get_peer_cert_chain(ssl)) != 1) {
    add(report, CertificateProblem::other, certificate, take_openssl_error());
    return;
  }
  X509_STORE_CTX_set_app_data(store.get(), &report);
  X509_STORE_CTX_set_verify_cb(store.get(), note_verdict);
  X509_STORE_CTX_set_default(store.get(), "ssl_server");
  auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(store.get()), seconds);
  // As OpenSSL's default for connections: keys and signatures of at least 112 bits.
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store.get()), 2);
  if (X509_verify_cert(store.get()) != 1 && report.problems.empty())
    add(report, CertificateProblem::other, certificate,
        X509_verify_cert_error_string(X509_STORE_CTX_get_error(store.get())));
}

}  // namespace

bool CertificateReport::has(CertificateProblem problem) const { return find(problem) != nullptr; }

const CertificateReport::Item* CertificateReport::find(CertificateProblem problem) const {
  auto item = std::find_if(problems.begin(), problems.end(),
                           [problem](const Item& each) { return each.problem == problem; });
  return item == problems.end() ? nullptr : &*item;
}

CertificateReport judge_certificate(SSL* ssl, const std::string& host, WallTime at) {
  CertificateReport report;
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (!certificate) return report;
  report.shown = true;
  report.subject = text_of(X509_get_subject_name(certificate));
  report.issuer = text_of(X509_get_issuer_name(certificate));
  report.names = names_of(certificate);
  report.valid_from = time_of(X509_get0_notBefore(certificate));
  report.valid_until = time_of(X509_get0_notAfter(certificate));
  report.chain_sent = static_cast<size_t>(std::max(sk_X509_num(SSL_get_peer_cert_chain(ssl)), 1));
  report.chain = chain_of(ssl);
  bool weak = false;
  report.key = key_text(certificate, weak);
  verify_chain(ssl, certificate, at, report);
  if (!names_fit(certificate, host, 0))
    add(report, CertificateProblem::wrong_name, certificate, "the names do not fit");
  else
    report.only_common_name = !names_fit(certificate, host, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (weak) add(report, CertificateProblem::weak_key, certificate, weakness_of_key(certificate));
  if (weak_signature(certificate))
    add(report, CertificateProblem::weak_key, certificate, weakness_of_signature(certificate));
  return report;
}

}  // namespace waypost::tls
