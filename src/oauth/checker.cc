#include "oauth/checker.h"

#include "oauth/token.h"

namespace waypost::oauth {

Result<Bearer> Checker::check(std::string_view name, std::string_view token,
                              base::WallTime now) const {
  auto parsed = parse_token(token);
  if (!parsed) return failure(ErrorCode::permission_denied, parsed.error().message());
  if (!keys_.signed_by_one(*parsed))
    return failure(ErrorCode::permission_denied, "no key that is known here has signed it");
  TRY(Bearer bearer, judge_claims(parsed->payload, rules_, now));
  TRY_VOID(check_name(name, bearer));
  return bearer;
}

}  // namespace waypost::oauth
