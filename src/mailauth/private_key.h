#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "mailauth/dkim_key.h"

struct evp_md_ctx_st;

namespace waypost::mailauth {

inline constexpr size_t private_key_octets_max = 32 * 1024;  // of its file

// A key that signs mail: RSA with 1024 bits or more (2048 are usual), or Ed25519. Parsed once and
// kept; its octets leave it only through to_pem(). Immutable: any thread may sign.
class PrivateKey {
 public:
  // PEM as OpenSSL, opendkim and others write it (PKCS #8 or PKCS #1, without a passphrase), or the
  // 32 octets of an Ed25519 key in base64. invalid_input, which never quotes the text.
  static Result<PrivateKey> parse(const Secret& text);
  // `rsa_bits` counts for RSA only: from 1024 to 8192. Takes up to seconds for RSA.
  static Result<PrivateKey> generate(KeyType type, unsigned rsa_bits);

  KeyType type() const { return type_; }
  unsigned bits() const;
  // Signs a SHA-256 hash, in the way that PublicKey::verifies() checks.
  Result<std::string> sign(std::string_view hash) const;
  // What a key record has as p=, decoded.
  std::string public_octets() const;
  Secret to_pem() const;  // PKCS #8

 private:
  PrivateKey(KeyType type, std::shared_ptr<evp_pkey_st> key);
  static Result<PrivateKey> own(evp_pkey_st* key);

  KeyType type_;
  std::shared_ptr<evp_pkey_st> key_;
  // Ed25519: ready to sign, only ever copied.
  std::shared_ptr<evp_md_ctx_st> prepared_;
};

}  // namespace waypost::mailauth
