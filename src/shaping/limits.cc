#include "shaping/limits.h"

#include <algorithm>
#include <cstdint>

namespace waypost::shaping {
namespace {

// An IPv6 address before a port wants brackets.
std::string name_of(const MailHost& host) {
  bool is_ipv6 = host.name.find(':') != std::string::npos;
  return (is_ipv6 && !host.service.empty() ? "[" + host.name + "]" : host.name) + host.service;
}

bool has_any(const SiteLimits& limits) {
  bool any = false;
  each_limit([&](std::string_view, auto limit) { any |= (limits.*limit).value != 0; });
  return any;
}

}  // namespace

MailHost next_hop(std::string name, uint16_t port, std::string_view login) {
  std::string service = ":" + std::to_string(port);
  if (!login.empty()) service.append("/").append(login);
  return {std::move(name), std::move(service)};
}

Sourced<unsigned> stay_under(const Sourced<unsigned>& theirs) {
  if (theirs.value == 0) return theirs;
  auto fifth = static_cast<unsigned>((uint64_t{theirs.value} + 4) / 5);
  return {std::max(theirs.value - fifth, 1u),
          theirs.origin + ", 20 % under the provider's " + std::to_string(theirs.value)};
}

SiteLimits no_limits() {
  SiteLimits none;
  each_limit([&](std::string_view, auto limit) { none.*limit = {0, ""}; });
  return none;
}

SiteLimits changed(SiteLimits limits, const SiteLimits& changes) {
  each_limit([&](std::string_view, auto limit) {
    if (!(changes.*limit).origin.empty()) limits.*limit = changes.*limit;
  });
  return limits;
}

SiteLimits within(SiteLimits limits, const SiteLimits& most) {
  each_limit([&](std::string_view, auto limit) {
    const auto& stated = most.*limit;
    if (stated.origin.empty() || stated.value == 0) return;
    auto& mine = limits.*limit;
    if (mine.value == 0 || stated.value < mine.value) mine = stated;
  });
  return limits;
}

SiteTable::SiteTable(SiteLimits defaults, std::vector<SiteRule> rules)
    : defaults_(std::move(defaults)), rules_(std::move(rules)) {
  for (size_t i = 0; i < rules_.size(); ++i) {
    Patterns& patterns = rules_[i].mail_hosts_only ? of_mail_hosts_ : of_any_;
    for (std::string_view pattern : rules_[i].match) {
      bool names_below = pattern.starts_with("*.");
      if (names_below) pattern.remove_prefix(2);
      (names_below ? patterns.below : patterns.exact).try_emplace(std::string(pattern), i);
    }
  }
}

size_t SiteTable::Patterns::find(std::string_view name) const {
  size_t first = SIZE_MAX;
  if (auto found = exact.find(name); found != exact.end()) first = found->second;
  if (below.empty()) return first;
  for (size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1))
    if (auto found = below.find(name.substr(dot + 1)); found != below.end())
      first = std::min(first, found->second);
  return first;
}

// Over what is said of the host otherwise.
void SiteTable::add_account(const AccountLimits& account) {
  if (!has_any(account.most)) return;
  Match match = find({}, account.hop);
  Account tightened{match.rule, within(*match.limits, account.most)};
  accounts_.insert_or_assign(name_of(account.hop), std::move(tightened));
}

SiteTable::Match SiteTable::find(std::string_view domain, const MailHost& host) const {
  if (!host.service.empty() && !accounts_.empty())
    if (auto account = accounts_.find(name_of(host)); account != accounts_.end())
      return {account->first, account->second.rule, &account->second.limits};
  size_t first = std::min(of_any_.find(domain), of_any_.find(host.name));
  if (host.service.empty()) first = std::min(first, of_mail_hosts_.find(host.name));
  if (first == SIZE_MAX) return {name_of(host), {}, &defaults_};
  const SiteRule& rule = rules_[first];
  return {rule.each_host_alone ? name_of(host) : rule.id + host.service, rule.id, &rule.limits};
}

bool SiteTable::has_rule(std::string_view id) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [id](const SiteRule& rule) { return rule.id == id; });
}

const SiteLimits& SiteTable::limits_of(std::string_view wanted, std::string_view site) const {
  if (auto account = accounts_.find(site); account != accounts_.end())
    return account->second.limits;
  for (const SiteRule& rule : rules_)
    if (rule.id == wanted) return rule.limits;
  return defaults_;
}

}  // namespace waypost::shaping
