#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// What is said of a token, and what it comes to. Failures with permission_denied are verdicts: the
// token is no good, in words that fit behind "The token is no good: " in a reply and repeat nothing
// of it. Pure.
namespace waypost::oauth {

// What must be said, RFC 7519 §4.1.
struct Rules {
  std::string issuer;                  // "iss", exactly
  std::vector<std::string> audiences;  // "aud" names one of them
  std::string scope;                   // "scope" or "scp" has it; empty: none is asked for
  std::string login_claim = "email";   // which names the login
  std::string domains_claim;           // as which domains it may send; empty: its login's own
  Duration clock_skew = std::chrono::seconds(60);
};

struct Bearer {
  std::string login;
  std::vector<std::string> sender_domains;  // lower case, at least one
};

// By the payload of a signed token, the signature aside. It must say who issued it, and until when
// it holds.
Result<Bearer> judge_claims(std::string_view payload, const Rules& rules, base::WallTime now);

struct Introspected {
  Bearer bearer;
  Duration time_left{0};  // until it expires, by the answer; a year where that does not say
};

// By what its issuer answers about it (RFC 7662 §2.2), where the issuer and the expiry need not be
// named. Fails with protocol as well, where the answer says nothing about any token.
Result<Introspected> judge_introspection(std::string_view json, const Rules& rules,
                                         base::WallTime now);

// `name` is the login that the client says, if it says one: it must be that of the token.
Result<void> check_name(std::string_view name, const Bearer& bearer);

}  // namespace waypost::oauth
