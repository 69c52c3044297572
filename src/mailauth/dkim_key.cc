#include "mailauth/dkim_key.h"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/ascii.h"
#include "mailauth/dkim_base64.h"
#include "mailauth/dkim_hash.h"
#include "mailauth/dkim_tags.h"

namespace waypost::mailauth {
namespace {

constexpr size_t ed25519_octets = 32;
constexpr size_t key_octets_max = 4096;

struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Both forms that are published; nullptr for anything else, also octets behind the key.
EVP_PKEY* read_rsa(std::string_view octets) {
  const unsigned char* at = octets_of(octets);
  const unsigned char* end = at + octets.size();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, long(octets.size()));
  if (!key) {
    at = octets_of(octets);
    key = d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, long(octets.size()));
  }
  if (key && (at != end || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)) {
    EVP_PKEY_free(key);
    return nullptr;
  }
  return key;
}

bool verifies_rsa(EVP_PKEY* key, std::string_view hash, std::string_view signature) {
  std::unique_ptr<EVP_PKEY_CTX, FreeContext> context(EVP_PKEY_CTX_new(key, nullptr));
  return context && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
         EVP_PKEY_verify(context.get(), octets_of(signature), signature.size(), octets_of(hash),
                         hash.size()) == 1;
}

bool verifies_ed25519(EVP_PKEY* key, std::string_view hash, std::string_view signature) {
  std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), octets_of(signature), signature.size(), octets_of(hash),
                          hash.size()) == 1;
}

tl::unexpected<Error> bad_record(std::string message) {
  return failure(ErrorCode::invalid_input, std::move(message));
}

bool lists(const Tag& tag, std::string_view wanted) {
  const std::vector<std::string> parts = split_list(tag.value, ':');
  return std::find(parts.begin(), parts.end(), wanted) != parts.end();
}

Result<void> read_key_type(const TagList& tags, DkimKeyRecord& record) {
  const Tag* type = tags.find("k");
  if (!type || type->value == "rsa") {
    record.type = KeyType::rsa;
  } else if (type->value == "ed25519") {
    record.type = KeyType::ed25519;
  } else {
    return bad_record(fmt::format("its key type k={} is neither rsa nor ed25519",
                                  base::escape_control(type->value.substr(0, 64))));
  }
  return {};
}

}  // namespace

std::string_view name(KeyType type) { return type == KeyType::rsa ? "rsa" : "ed25519"; }

std::string_view algorithm_name(KeyType type) {
  return type == KeyType::rsa ? "rsa-sha256" : "ed25519-sha256";
}

PublicKey::PublicKey(KeyType type, std::shared_ptr<evp_pkey_st> key)
    : type_(type), bits_(unsigned(EVP_PKEY_get_bits(key.get()))), key_(std::move(key)) {}

Result<PublicKey> PublicKey::from_octets(KeyType type, std::string_view octets) {
  if (type == KeyType::ed25519) {
    if (octets.size() != ed25519_octets)
      return failure(ErrorCode::invalid_input,
                     fmt::format("an Ed25519 key has 32 octets, this one has {}", octets.size()));
    EVP_PKEY* key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(octets), octets.size());
    if (!key) return failure(ErrorCode::invalid_input, "this is not an Ed25519 key");
    return PublicKey(type, std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
  }
  EVP_PKEY* key = read_rsa(octets);
  if (!key) return failure(ErrorCode::invalid_input, "this is not an RSA key");
  PublicKey result(type, std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
  if (result.bits() > rsa_bits_max)
    return failure(ErrorCode::invalid_input, fmt::format("it has {} bits; at most {} are taken",
                                                         result.bits(), rsa_bits_max));
  return result;
}

bool PublicKey::verifies(std::string_view hash, std::string_view signature) const {
  if (hash.size() != sha256_octets) return false;
  return type_ == KeyType::rsa ? verifies_rsa(key_.get(), hash, signature)
                               : verifies_ed25519(key_.get(), hash, signature);
}

Result<DkimKeyRecord> parse_dkim_key_record(std::string_view text) {
  if (text.size() > key_record_octets_max)
    return bad_record(fmt::format("it has over {} octets", key_record_octets_max));
  TRY(TagList tags, TagList::parse(text));
  if (const Tag* version = tags.find("v")) {
    if (version->value != "DKIM1") return bad_record("its version is not v=DKIM1");
    if (version != &tags.tags().front()) return bad_record("v= is not its first tag");
  }
  DkimKeyRecord record;
  TRY_VOID(read_key_type(tags, record));
  const Tag* key = tags.find("p");
  if (!key) return bad_record("it has no key (no p= tag)");
  auto octets = decode_base64(key->value, key_octets_max);
  if (!octets) return bad_record("its key (p=) is not base64");
  record.key_octets = *std::move(octets);
  record.revoked = record.key_octets.empty();
  if (const Tag* hashes = tags.find("h")) record.takes_sha256 = lists(*hashes, "sha256");
  if (const Tag* services = tags.find("s"))
    record.for_mail = lists(*services, "*") || lists(*services, "email");
  if (const Tag* flags = tags.find("t")) {
    record.testing = lists(*flags, "y");
    record.same_domain_only = lists(*flags, "s");
  }
  return record;
}

}  // namespace waypost::mailauth
