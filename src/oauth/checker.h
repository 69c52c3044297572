#pragma once

#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "oauth/claims.h"
#include "oauth/key_set.h"

namespace waypost::oauth {

// Judges tokens by a set of keys and by rules. Thread: any.
class Checker {
 public:
  Checker(KeySet keys, Rules rules) : keys_(std::move(keys)), rules_(std::move(rules)) {}

  // Whose token it is; `name` as check_name() has it. Failures are permission_denied, and about its
  // claims only once the signature holds.
  Result<Bearer> check(std::string_view name, std::string_view token, base::WallTime now) const;

  const Rules& rules() const { return rules_; }

 private:
  KeySet keys_;
  Rules rules_;
};

}  // namespace waypost::oauth
