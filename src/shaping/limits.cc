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

// An IPv6 address before a port wants brackets.
std::string name_of(const MailHost& host) {
  bool is_ipv6 = host.name.find(':') != std::string::npos;
  return (is_ipv6 && !host.service.empty() ? "[" + host.name + "]" : host.name) + host.service;
}

}  // namespace

SiteTable::Match SiteTable::find(std::string_view domain, const MailHost& host) const {
  for (const SiteRule& rule : rules_)
    if (matches(rule, domain, host.name)) return {rule.id + host.service, rule.id, &rule.limits};
  return {name_of(host), {}, &defaults_};
}

const SiteLimits& SiteTable::limits_of(std::string_view wanted) const {
  for (const SiteRule& rule : rules_)
    if (rule.id == wanted) return rule.limits;
  return defaults_;
}

}  // namespace waypost::shaping
