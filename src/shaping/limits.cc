#include "shaping/limits.h"

namespace waypost::shaping {
namespace {

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return pattern == name;
  return name.size() > pattern.size() - 1 && name.ends_with(pattern.substr(1));
}

bool matches(const SiteRule& rule, std::string_view domain, std::string_view mail_host) {
  for (const std::string& pattern : rule.match)
    if (matches(pattern, domain) || matches(pattern, mail_host)) return true;
  return false;
}

}  // namespace

SiteTable::Match SiteTable::find(std::string_view domain, std::string_view mail_host) const {
  for (const SiteRule& rule : rules_)
    if (matches(rule, domain, mail_host)) return {rule.id, &rule.limits};
  return {std::string(mail_host), &defaults_};
}

const SiteLimits& SiteTable::limits_of(std::string_view site) const {
  for (const SiteRule& rule : rules_)
    if (rule.id == site) return rule.limits;
  return defaults_;
}

}  // namespace waypost::shaping
