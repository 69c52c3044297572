#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "io/task.h"

namespace waypost::submission {

struct Login {
  std::string name;
  std::string tenant = "default";
  std::string stream = "default";
  // As whom it may send: domains, or "*." and a domain; none: as anybody.
  std::optional<std::vector<std::string>> sender_domains;
};

// Knows the keys.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Nothing when the name is unknown or the secret is wrong, after the same time for both. Fails
  // when the keys cannot be read now. Not cancellable: the caller waits for it.
  virtual io::Task<Result<std::optional<Login>>> check(std::string name, base::Secret secret) = 0;
};

}  // namespace waypost::submission
