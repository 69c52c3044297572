#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace waypost::mailauth {

enum class KeyType { rsa, ed25519 };
// "rsa" or "ed25519", as the k= tag spells it.
std::string_view name(KeyType type);
// "rsa-sha256" or "ed25519-sha256", as the a= tag of a signature spells it.
std::string_view algorithm_name(KeyType type);

inline constexpr unsigned rsa_bits_min = 1024;  // RFC 8301 §3.2
inline constexpr unsigned rsa_bits_max = 8192;
inline constexpr unsigned rsa_bits_usual = 2048;
inline constexpr size_t key_record_octets_max = 16 * 1024;

// A public key. Cheap to copy; any thread.
class PublicKey {
 public:
  // From the octets of a p= tag: for RSA a SubjectPublicKeyInfo or an RSAPublicKey (RFC 6376
  // §3.6.1), for Ed25519 the 32 octets of the key (RFC 8463 §4.2). invalid_input for anything else.
  static Result<PublicKey> from_octets(KeyType type, std::string_view octets);

  KeyType type() const { return type_; }
  unsigned bits() const { return bits_; }
  // Whether `signature` is this key's over a SHA-256 hash: as RSASSA-PKCS1-v1_5 (RFC 6376 §3.3.2),
  // or with the hash as the message of PureEdDSA (RFC 8463 §3).
  bool verifies(std::string_view hash, std::string_view signature) const;

 private:
  PublicKey(KeyType type, std::shared_ptr<evp_pkey_st> key);

  KeyType type_;
  unsigned bits_;
  std::shared_ptr<evp_pkey_st> key_;
};

// A key record, as DNS has it under SELECTOR._domainkey.DOMAIN (RFC 6376 §3.6.1).
struct DkimKeyRecord {
  KeyType type = KeyType::rsa;
  bool revoked = false;           // an empty p=
  bool takes_sha256 = true;       // h=
  bool for_mail = true;           // s=
  bool testing = false;           // t=y
  bool same_domain_only = false;  // t=s: no subdomain in i=
  std::string key_octets;         // of p=, decoded
};

// invalid_input, with what is wrong.
Result<DkimKeyRecord> parse_dkim_key_record(std::string_view text);

}  // namespace waypost::mailauth
