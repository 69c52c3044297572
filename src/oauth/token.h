#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// Tokens as they travel: JSON Web Tokens, signed. Nothing here is believed yet.
namespace waypost::oauth {

inline constexpr size_t token_octets_max = 8 * 1024;

// The signatures that we know. "none" and every shared secret are missing on purpose: whoever could
// check such a token could also make one.
enum class Algorithm {
  rs256,  // RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 §3.3
  es256,  // ECDSA with P-256 and SHA-256, RFC 7518 §3.4
  eddsa,  // Ed25519, RFC 8037 §3.1
};

struct Token {
  Algorithm algorithm = Algorithm::rs256;
  std::string key_id;       // empty: not said
  std::string signed_part;  // header and payload, as they were sent
  std::string payload;      // JSON
  std::string signature;
};

// Takes the compact form (RFC 7515 §3.1) apart. Failures are invalid_input, with words for the
// client that repeat nothing of the token: too long, another form, an algorithm that is not one of
// ours, a "crit" that we do not understand, a "typ" of something that is no access or identity
// token.
Result<Token> parse_token(std::string_view compact);

// RFC 4648 §5 without padding, strict: one value has one spelling.
Result<std::string> base64url_decode(std::string_view text, size_t octets_max);

}  // namespace waypost::oauth
