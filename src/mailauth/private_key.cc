#include "mailauth/private_key.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "mailauth/dkim_base64.h"
#include "mailauth/dkim_hash.h"
#include "mailauth/dkim_tags.h"

namespace waypost::mailauth {
namespace {

constexpr size_t ed25519_octets = 32;
constexpr size_t ed25519_signature_octets = 64;

struct Free {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* octets) const { BIO_free(octets); }
};

unsigned char* octets_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

tl::unexpected<Error> unusable(std::string message) {
  return failure(ErrorCode::invalid_input, std::move(message));
}

// Without this OpenSSL would ask for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

EVP_PKEY* read_pem(const std::string& text) {
  std::unique_ptr<BIO, Free> octets(BIO_new_mem_buf(text.data(), int(text.size())));
  return octets ? PEM_read_bio_PrivateKey(octets.get(), nullptr, no_passphrase, nullptr) : nullptr;
}

EVP_PKEY* read_seed(const std::string& text) {
  auto decoded = decode_base64(text, ed25519_octets);
  if (!decoded) return nullptr;
  const Secret seed = Secret::take(*decoded);
  if (seed.reveal().size() != ed25519_octets) return nullptr;
  return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                      octets_of(std::string_view(seed.reveal())), ed25519_octets);
}

Result<std::string> sign_rsa(EVP_PKEY* key, std::string_view hash) {
  std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new(key, nullptr));
  std::string signature(size_t(EVP_PKEY_get_size(key)), '\0');
  size_t octets = signature.size();
  const bool good = context && EVP_PKEY_sign_init(context.get()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
                    EVP_PKEY_sign(context.get(), octets_of(signature), &octets, octets_of(hash),
                                  hash.size()) == 1;
  if (!good) return failure(ErrorCode::resource_exhausted, "OpenSSL could not sign with RSA");
  signature.resize(octets);
  return signature;
}

Result<std::string> sign_ed25519(const EVP_MD_CTX* prepared, std::string_view hash) {
  std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  std::string signature(ed25519_signature_octets, '\0');
  size_t octets = signature.size();
  const bool good = context && EVP_MD_CTX_copy_ex(context.get(), prepared) == 1 &&
                    EVP_DigestSign(context.get(), octets_of(signature), &octets, octets_of(hash),
                                   hash.size()) == 1;
  if (!good) return failure(ErrorCode::resource_exhausted, "OpenSSL could not sign with Ed25519");
  return signature;
}

}  // namespace

PrivateKey::PrivateKey(KeyType type, std::shared_ptr<evp_pkey_st> key)
    : type_(type), key_(std::move(key)) {}

Result<PrivateKey> PrivateKey::own(evp_pkey_st* raw) {
  std::shared_ptr<EVP_PKEY> key(raw, EVP_PKEY_free);
  const int kind = EVP_PKEY_get_base_id(raw);
  if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_ED25519)
    return unusable("the key is neither RSA nor Ed25519: DKIM knows no other kind");
  PrivateKey result(kind == EVP_PKEY_RSA ? KeyType::rsa : KeyType::ed25519, std::move(key));
  if (result.type() == KeyType::rsa) {
    if (result.bits() < rsa_bits_min)
      return unusable(fmt::format("the key has {} bits; receivers refuse one with less than {}",
                                  result.bits(), rsa_bits_min));
    if (result.bits() > rsa_bits_max)
      return unusable(
          fmt::format("the key has {} bits; at most {} are taken", result.bits(), rsa_bits_max));
    return result;
  }
  result.prepared_ = {EVP_MD_CTX_new(), EVP_MD_CTX_free};
  if (!result.prepared_ ||
      EVP_DigestSignInit(result.prepared_.get(), nullptr, nullptr, nullptr, raw) != 1)
    return failure(ErrorCode::resource_exhausted, "OpenSSL could not prepare to sign");
  return result;
}

Result<PrivateKey> PrivateKey::parse(const Secret& text) {
  const std::string& octets = text.reveal();
  if (octets.size() > private_key_octets_max)
    return unusable(fmt::format("the key's file has over {} octets", private_key_octets_max));
  if (octets.find("ENCRYPTED") != std::string::npos)
    return unusable("the key is locked with a passphrase; a relay has nobody to ask for it");
  EVP_PKEY* key =
      octets.find("-----BEGIN") != std::string::npos ? read_pem(octets) : read_seed(octets);
  if (!key) return unusable("this is no private key (PEM, or an Ed25519 key in base64)");
  return own(key);
}

Result<PrivateKey> PrivateKey::generate(KeyType type, unsigned rsa_bits) {
  if (type == KeyType::rsa && (rsa_bits < rsa_bits_min || rsa_bits > rsa_bits_max))
    return unusable(fmt::format("an RSA key has {} to {} bits", rsa_bits_min, rsa_bits_max));
  EVP_PKEY* key =
      type == KeyType::rsa ? EVP_RSA_gen(rsa_bits) : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (!key) return failure(ErrorCode::resource_exhausted, "OpenSSL could not make a key");
  return own(key);
}

unsigned PrivateKey::bits() const { return unsigned(EVP_PKEY_get_bits(key_.get())); }

Result<std::string> PrivateKey::sign(std::string_view hash) const {
  CHECK(hash.size() == sha256_octets);
  return type_ == KeyType::rsa ? sign_rsa(key_.get(), hash) : sign_ed25519(prepared_.get(), hash);
}

std::string PrivateKey::public_octets() const {
  if (type_ == KeyType::ed25519) {
    std::string octets(ed25519_octets, '\0');
    size_t size = octets.size();
    CHECK(EVP_PKEY_get_raw_public_key(key_.get(), octets_of(octets), &size) == 1);
    return octets;
  }
  std::string octets(size_t(i2d_PUBKEY(key_.get(), nullptr)), '\0');
  unsigned char* at = octets_of(octets);
  CHECK(i2d_PUBKEY(key_.get(), &at) == int(octets.size()));
  return octets;
}

Secret PrivateKey::to_pem() const {
  std::unique_ptr<BIO, Free> octets(BIO_new(BIO_s_secmem()));
  CHECK(octets && PEM_write_bio_PKCS8PrivateKey(octets.get(), key_.get(), nullptr, nullptr, 0,
                                                nullptr, nullptr) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(octets.get(), &data);
  return Secret(std::string_view(data, size_t(size)));
}

}  // namespace waypost::mailauth
