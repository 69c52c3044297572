#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace waypost::submission {

struct Credentials {
  std::string name;
  base::Secret secret;
};

enum class PlainFault {
  not_base64,   // the client's encoding is wrong: 501
  not_a_login,  // no name, no secret, or somebody else's identity is asked for: a failed login
};

// The response of the mechanism PLAIN (RFC 4616 §2) in base64. Nobody may act for somebody else, so
// an authorization identity that is not the name itself is refused.
struct PlainResponse {
  std::optional<Credentials> credentials;
  std::optional<PlainFault> fault;
};
PlainResponse parse_plain_response(std::string_view base64);

}  // namespace waypost::submission
