#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oauth/token.h"

// An OpenSSL type, which stays inside the .cc files.
struct evp_pkey_st;

namespace waypost::oauth {

inline constexpr size_t key_set_octets_max = 256 * 1024;
inline constexpr size_t keys_max = 64;

// The public keys of who issues tokens: a JSON Web Key Set, RFC 7517 §5. Thread: any, once made.
class KeySet {
 public:
  // RSA of 2048 to 8192 bits, EC on P-256, and Ed25519 (RFC 8037 §2). Keys of other kinds, for
  // encryption or for other algorithms are passed over. Fails with invalid_input when the text is
  // no key set, a key is broken or weak, a private or secret key stands in it, or none can be used.
  static Result<KeySet> parse(std::string_view json);

  // Whether a key of that algorithm signed it; where the token names a key, that one.
  bool signed_by_one(const Token& token) const;
  size_t size() const { return keys_.size(); }

 private:
  struct Key {
    Algorithm algorithm;
    std::string id;  // empty: it has none
    std::shared_ptr<evp_pkey_st> key;
  };
  std::vector<Key> keys_;
};

}  // namespace waypost::oauth
