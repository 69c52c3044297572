#include "tls/self_signed.h"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/ip_address.h"
#include "tls/openssl.h"

namespace waypost::tls {
namespace {

constexpr size_t name_octets_max = 253;
constexpr size_t names_max = 100;
// The upper bound of a common name (RFC 5280 appendix A.1).
constexpr size_t common_name_octets_max = 64;
constexpr int serial_bits = 127;

using OwnedNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using OwnedNumber = Owned<BIGNUM, BN_free>;

Result<void> check_names(const std::vector<std::string>& names) {
  if (names.empty() || names.size() > names_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("a certificate needs 1 to {} names", names_max));
  for (const std::string& name : names) {
    bool printable =
        std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
    if (name.empty() || name.size() > name_octets_max || !printable)
      return failure(ErrorCode::invalid_input, "a name for the certificate is no host name");
  }
  return {};
}

// The subject alternative names, the only ones that clients look at (RFC 9525 §2).
OwnedNames alternative_names(const std::vector<std::string>& names) {
  OwnedNames list(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    GENERAL_NAME* entry = GENERAL_NAME_new();
    auto address = IpAddress::parse(name);
    std::string_view value = address ? address->octets() : std::string_view(name);
    ASN1_STRING* text = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    GENERAL_NAME_set0_value(entry, address ? GEN_IPADD : GEN_DNS, text);
    sk_GENERAL_NAME_push(list.get(), entry);
  }
  return list;
}

bool set_random_serial(X509* certificate) {
  OwnedNumber number(BN_new());
  return number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject(X509* certificate, const std::string& first_name) {
  std::string common = first_name.size() <= common_name_octets_max ? first_name : "self-signed";
  X509_NAME* subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(common.data()),
                                    static_cast<int>(common.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

bool add_extension(X509* certificate, int id, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
  bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_validity(X509* certificate, std::chrono::days validity, WallTime now) {
  auto from = std::chrono::floor<std::chrono::seconds>(now) - std::chrono::hours(1);
  auto until = std::chrono::floor<std::chrono::seconds>(now) + validity;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from.time_since_epoch().count()) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), until.time_since_epoch().count());
}

std::string to_pem(X509* certificate) {
  OwnedBio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate) != 1) return "";
  char* octets = nullptr;
  long size = BIO_get_mem_data(bio.get(), &octets);
  return std::string(octets, static_cast<size_t>(size));
}

std::string to_pem(EVP_PKEY* key) {
  OwnedBio bio(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return "";
  char* octets = nullptr;
  long size = BIO_get_mem_data(bio.get(), &octets);
  return std::string(octets, static_cast<size_t>(size));
}

}  // namespace

Result<KeyPair> make_self_signed(const std::vector<std::string>& names, std::chrono::days validity,
                                 io::Clock& clock) {
  TRY_VOID(check_names(names));
  OwnedKey key(EVP_EC_gen("P-256"));
  OwnedCertificate certificate(X509_new());
  X509* raw = certificate.get();
  constexpr long version_3 = 2;
  bool made = key && raw && X509_set_version(raw, version_3) == 1 && set_random_serial(raw) &&
              set_subject(raw, names.front()) && set_validity(raw, validity, clock.wall_now()) &&
              X509_set_pubkey(raw, key.get()) == 1 &&
              X509_add1_ext_i2d(raw, NID_subject_alt_name, alternative_names(names).get(), 0,
                                X509V3_ADD_DEFAULT) == 1 &&
              add_extension(raw, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(raw, NID_key_usage, "critical,digitalSignature") &&
              add_extension(raw, NID_ext_key_usage, "serverAuth") &&
              X509_sign(raw, key.get(), EVP_sha256()) != 0;
  KeyPair pair;
  if (made) pair = {to_pem(raw), to_pem(key.get())};
  if (!pair.certificate_pem.empty() && !pair.key_pem.empty()) return pair;
  return failure(ErrorCode::tls, fmt::format("a self-signed certificate could not be made: {}",
                                             take_openssl_error()));
}

}  // namespace waypost::tls
