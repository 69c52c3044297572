#include "intake/submitter.h"

#include <algorithm>

namespace waypost::intake {
namespace {

bool is_under(std::string_view domain, std::string_view pattern) {
  if (!pattern.starts_with("*.")) return domain == pattern;
  pattern.remove_prefix(1);
  return domain.size() > pattern.size() && domain.ends_with(pattern);
}

}  // namespace

bool may_send_as(const std::optional<DomainPatterns>& allowed, std::string_view domain) {
  if (!allowed) return true;
  return std::any_of(allowed->begin(), allowed->end(),
                     [&](const std::string& pattern) { return is_under(domain, pattern); });
}

}  // namespace waypost::intake
