#include "oauth/key_set.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace waypost::oauth {
namespace {

using KeyPointer = std::shared_ptr<EVP_PKEY>;
template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
using Number = std::unique_ptr<BIGNUM, Freed<BIGNUM, BN_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM, OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG, ECDSA_SIG_free>>;

constexpr int rsa_bits_min = 2048;
constexpr int rsa_bits_max = 8192;
constexpr int rsa_exponent_bits_max = 32;  // a longer one would only cost time
constexpr size_t coordinate_octets = 32;
constexpr size_t ed25519_octets = 32;
constexpr size_t number_octets_max = rsa_bits_max / 8;

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view text_in(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

std::string octets_in(const boost::json::object& object, std::string_view name) {
  return base64url_decode(text_in(object, name), number_octets_max).value_or("");
}

Number number_of(std::string_view octets) {
  return Number(BN_bin2bn(octets_of(octets), int(octets.size()), nullptr));
}

KeyPointer key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) <= 0 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) <= 0)
    return nullptr;
  return KeyPointer(key, EVP_PKEY_free);
}

KeyPointer rsa_key(const boost::json::object& fields) {
  const Number modulus = number_of(octets_in(fields, "n"));
  const Number exponent = number_of(octets_in(fields, "e"));
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder) return nullptr;
  const int bits = BN_num_bits(modulus.get());
  const bool is_fit = bits >= rsa_bits_min && bits <= rsa_bits_max &&
                      BN_num_bits(exponent.get()) <= rsa_exponent_bits_max &&
                      BN_num_bits(exponent.get()) > 1 && BN_is_odd(exponent.get());
  if (!is_fit || !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()))
    return nullptr;
  return key_from("RSA", builder.get());
}

KeyPointer ec_key(const boost::json::object& fields) {
  const std::string x = octets_in(fields, "x");
  const std::string y = octets_in(fields, "y");
  if (x.size() != coordinate_octets || y.size() != coordinate_octets) return nullptr;
  const std::string point = '\x04' + x + y;  // uncompressed; one that is off the curve is refused
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      !OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) ||
      !OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                        point.size()))
    return nullptr;
  return key_from("EC", builder.get());
}

KeyPointer ed25519_key(const boost::json::object& fields) {
  const std::string x = octets_in(fields, "x");
  if (x.size() != ed25519_octets) return nullptr;
  EVP_PKEY* key =
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(x), ed25519_octets);
  return key ? KeyPointer(key, EVP_PKEY_free) : nullptr;
}

// By kind and curve; none for keys that sign nothing that we check.
std::optional<Algorithm> algorithm_of(const boost::json::object& fields) {
  const std::string_view kind = text_in(fields, "kty");
  const std::string_view curve = text_in(fields, "crv");
  const std::string_view use = text_in(fields, "use");
  const std::string_view said = text_in(fields, "alg");
  if (!use.empty() && use != "sig") return std::nullopt;
  const auto fits = [&](std::string_view name) { return said.empty() || said == name; };
  if (kind == "RSA" && fits("RS256")) return Algorithm::rs256;
  if (kind == "EC" && curve == "P-256" && fits("ES256")) return Algorithm::es256;
  if (kind == "OKP" && curve == "Ed25519" && fits("EdDSA")) return Algorithm::eddsa;
  return std::nullopt;
}

KeyPointer make_key(Algorithm algorithm, const boost::json::object& fields) {
  if (algorithm == Algorithm::rs256) return rsa_key(fields);
  if (algorithm == Algorithm::es256) return ec_key(fields);
  return ed25519_key(fields);
}

// RFC 7518 §3.4: both numbers one behind the other, where OpenSSL wants them in DER.
std::string der_signature(std::string_view raw) {
  if (raw.size() != 2 * coordinate_octets) return {};
  Number r = number_of(raw.substr(0, coordinate_octets));
  Number s = number_of(raw.substr(coordinate_octets));
  const EcSignature signature(ECDSA_SIG_new());
  if (!r || !s || !signature || !ECDSA_SIG_set0(signature.get(), r.get(), s.get())) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int octets = i2d_ECDSA_SIG(signature.get(), &der);
  if (octets <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), size_t(octets));
  OPENSSL_free(der);
  return text;
}

bool verifies(EVP_PKEY* key, const Token& token) {
  const bool is_ec = token.algorithm == Algorithm::es256;
  const std::string signature = is_ec ? der_signature(token.signature) : token.signature;
  const EVP_MD* hash = token.algorithm == Algorithm::eddsa ? nullptr : EVP_sha256();
  const Digest digest(EVP_MD_CTX_new());
  const bool good = !signature.empty() && digest &&
                    EVP_DigestVerifyInit(digest.get(), nullptr, hash, nullptr, key) == 1 &&
                    EVP_DigestVerify(digest.get(), octets_of(signature), signature.size(),
                                     octets_of(token.signed_part), token.signed_part.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace

Result<KeySet> KeySet::parse(std::string_view json) {
  const auto refuse = [](std::string why) { return failure(ErrorCode::invalid_input, why); };
  if (json.size() > key_set_octets_max) return refuse("the key set is too long");
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(json, error);
  const auto* object = error ? nullptr : document.if_object();
  const auto* list = object ? object->if_contains("keys") : nullptr;
  if (!list || !list->is_array()) return refuse("this is no JSON Web Key Set: {\"keys\": [...]}");
  KeySet set;
  size_t place = 0;
  for (const boost::json::value& item : list->get_array()) {
    ++place;
    if (!item.is_object()) return refuse(fmt::format("key {} is no JSON object", place));
    const boost::json::object& fields = item.get_object();
    if (fields.contains("d") || fields.contains("k"))
      return refuse(fmt::format("key {} is private: only public keys belong here", place));
    const auto algorithm = algorithm_of(fields);
    if (!algorithm) continue;
    KeyPointer key = make_key(*algorithm, fields);
    ERR_clear_error();
    if (!key) return refuse(fmt::format("key {} is broken or too weak", place));
    if (set.keys_.size() == keys_max) return refuse("the key set has too many keys");
    set.keys_.push_back({*algorithm, std::string(text_in(fields, "kid")), std::move(key)});
  }
  if (set.keys_.empty()) return refuse("the key set has no key for RS256, ES256 or EdDSA");
  return set;
}

bool KeySet::signed_by_one(const Token& token) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) {
    const bool is_meant = key.algorithm == token.algorithm &&
                          (token.key_id.empty() || key.id.empty() || key.id == token.key_id);
    return is_meant && verifies(key.key.get(), token);
  });
}

}  // namespace waypost::oauth
