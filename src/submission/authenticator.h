#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "io/task.h"
#include "sasl/scram.h"

namespace waypost::submission {

struct Login {
  std::string name;
  std::string tenant = "default";
  std::string stream = "default";
  // As whom it may send: domains, or "*." and a domain; none: as anybody.
  std::optional<std::vector<std::string>> sender_domains;
};

// How a login is checked without seeing its secret.
struct ScramLogin {
  std::optional<Login> login;  // none: the verifier is one that nothing fits
  sasl::ScramVerifier verifier;
};

// Whose token it is, or why it is no good, in words that fit behind "The token is no good: ".
using TokenVerdict = tl::expected<Login, std::string>;

// Knows the keys.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Nothing when the name is unknown or the secret is wrong, after the same time for both. Fails
  // when the keys cannot be read now. Not cancellable: the caller waits for it.
  virtual io::Task<Result<std::optional<Login>>> check(std::string name, base::Secret secret) = 0;
  // For a name that is unknown, too, and after the same time: a verifier that no client can tell
  // from that of another name. Fails and waits as check() does.
  virtual io::Task<Result<ScramLogin>> look_up(std::string name) = 0;

  // The scope that a token must have, perhaps empty; none: tokens are not taken.
  virtual std::optional<std::string> token_scope() const { return std::nullopt; }
  // Only where tokens are taken. `name` is the login that the client says, empty where it says
  // none. Fails and waits as check() does.
  virtual io::Task<Result<TokenVerdict>> check_token(std::string name, base::Secret token) = 0;
};

}  // namespace waypost::submission
