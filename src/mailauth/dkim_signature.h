#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "mailauth/canonical_body.h"
#include "mailauth/dkim_key.h"
#include "mailauth/dkim_tags.h"

namespace waypost::mailauth {

// What a verifier found out (RFC 8601 §2.7.1).
enum class DkimStatus {
  none,       // the message is not signed
  pass,       // signed, and the signature holds
  fail,       // signed, and the signature does not hold
  policy,     // signed in a way that we do not accept: too weak a key, SHA-1, expired
  neutral,    // the signature is malformed
  temperror,  // the key could not be looked up; later it may
  permerror,  // the key does not exist, is withdrawn or malformed
};
std::string_view name(DkimStatus status);

struct DkimFault {
  DkimStatus status = DkimStatus::neutral;
  std::string reason;  // a sentence without its full stop
};

inline constexpr size_t signed_fields_max = 500;

// A DKIM-Signature, or the ARC-Message-Signature or ARC-Seal that are made like it.
struct DkimSignature {
  KeyType algorithm = KeyType::rsa;  // with SHA-256
  CanonicalForm header_form = CanonicalForm::simple;
  CanonicalForm body_form = CanonicalForm::simple;
  std::string domain;                       // d=, lower case, as A-labels
  std::string selector;                     // s=, the same
  std::string identity;                     // i=; "@domain" where it is not given
  std::vector<std::string> signed_fields;   // h=
  std::string body_hash;                    // bh=, decoded
  std::string signature;                    // b=, decoded
  std::optional<uint64_t> body_octets_max;  // l=
  std::optional<uint64_t> signed_at;        // t=, seconds since 1970
  std::optional<uint64_t> expires_at;       // x=
  size_t b_begin = 0;                       // where b= has its value in the field's value
  size_t b_end = 0;

  // Where DNS has the key: SELECTOR._domainkey.DOMAIN.
  std::string key_name() const;
};

// The value of a DKIM-Signature field (RFC 6376 §3.5, §6.1.1), folded or not. The fault says which
// MUST it breaks.
tl::expected<DkimSignature, DkimFault> parse_dkim_signature(std::string_view value);

// What the three kinds of signature share: a=, b=, d=, s=, t=.
tl::expected<DkimSignature, DkimFault> parse_common_tags(const TagList& tags);
// c=, bh=, h=, l=, x=: for the two that sign a message. Where c= is not there, the forms stay as
// they are in `signature`. An h= without names is left to the caller.
tl::expected<void, DkimFault> parse_message_tags(const TagList& tags, DkimSignature& signature);

}  // namespace waypost::mailauth
