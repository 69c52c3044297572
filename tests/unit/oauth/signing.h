#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/check.h"
#include "sasl/base64.h"

// An issuer of tokens, as tests need one.
namespace waypost::oauth {

inline std::string base64url(std::string_view octets) {
  std::string text = sasl::base64_encode(octets);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

class SigningKey {
 public:
  static SigningKey rsa(unsigned bits) { return {EVP_RSA_gen(bits), "RS256"}; }
  static SigningKey p256() { return {EVP_EC_gen("P-256"), "ES256"}; }
  static SigningKey ed25519() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "EdDSA"}; }

  // As one member of "keys"; `more` such as R"(,"kid":"a")".
  std::string jwk(const std::string& more = "") const {
    if (algorithm_ == "RS256")
      return R"({"kty":"RSA","n":")" + base64url(number(OSSL_PKEY_PARAM_RSA_N)) + R"(","e":")" +
             base64url(number(OSSL_PKEY_PARAM_RSA_E)) + '"' + more + "}";
    if (algorithm_ == "ES256")
      return R"({"kty":"EC","crv":"P-256","x":")" +
             base64url(number(OSSL_PKEY_PARAM_EC_PUB_X, 32)) + R"(","y":")" +
             base64url(number(OSSL_PKEY_PARAM_EC_PUB_Y, 32)) + '"' + more + "}";
    std::string raw(32, '\0');
    size_t octets = raw.size();
    CHECK(EVP_PKEY_get_raw_public_key(key_.get(), bytes(raw), &octets) == 1);
    return R"({"kty":"OKP","crv":"Ed25519","x":")" + base64url(raw) + '"' + more + "}";
  }

  std::string token(const std::string& claims, const std::string& more = "") const {
    return sign(R"({"alg":")" + algorithm_ + '"' + more + "}", claims);
  }
  std::string sign(const std::string& header, const std::string& claims) const {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(signature(text));
  }

 private:
  SigningKey(EVP_PKEY* key, std::string algorithm)
      : key_(key, EVP_PKEY_free), algorithm_(std::move(algorithm)) {
    CHECK(key);
  }
  static unsigned char* bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
  }
  std::string number(const char* name, int octets = 0) const {
    BIGNUM* value = nullptr;
    CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &value) == 1);
    std::string text(size_t(octets > 0 ? octets : BN_num_bytes(value)), '\0');
    CHECK(BN_bn2binpad(value, bytes(text), int(text.size())) > 0);
    BN_free(value);
    return text;
  }
  std::string signature(const std::string& text) const {
    const EVP_MD* hash = algorithm_ == "EdDSA" ? nullptr : EVP_sha256();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    size_t octets = 0;
    const auto* input = reinterpret_cast<const unsigned char*>(text.data());
    CHECK(EVP_DigestSignInit(context, nullptr, hash, nullptr, key_.get()) == 1);
    CHECK(EVP_DigestSign(context, nullptr, &octets, input, text.size()) == 1);
    std::string made(octets, '\0');
    CHECK(EVP_DigestSign(context, bytes(made), &octets, input, text.size()) == 1);
    EVP_MD_CTX_free(context);
    made.resize(octets);
    return algorithm_ == "ES256" ? raw(made) : made;
  }
  // From DER to both numbers, one behind the other.
  static std::string raw(const std::string& der) {
    const auto* start = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* parsed = d2i_ECDSA_SIG(nullptr, &start, long(der.size()));
    CHECK(parsed);
    std::string text(64, '\0');
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(parsed), bytes(text), 32) == 32);
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(parsed), bytes(text) + 32, 32) == 32);
    ECDSA_SIG_free(parsed);
    return text;
  }

  std::shared_ptr<EVP_PKEY> key_;
  std::string algorithm_;
};

}  // namespace waypost::oauth
