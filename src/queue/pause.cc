#include "queue/pause.h"

#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/whole_seconds.h"

namespace waypost::queue {
namespace {

constexpr std::array<std::string_view, 6> scope_names{"everything", "site",   "domain",
                                                      "stream",     "tenant", "sender-domain"};

}  // namespace

std::string_view name(ScopeKind kind) { return scope_names[size_t(kind)]; }

std::optional<ScopeKind> parse_scope_kind(std::string_view name) {
  for (size_t i = 0; i < scope_names.size(); ++i)
    if (scope_names[i] == name) return ScopeKind(i);
  return std::nullopt;
}

std::string Scope::text() const {
  return name.empty() ? std::string(queue::name(kind))
                      : fmt::format("{} {}", queue::name(kind), name);
}

bool Scope::covers(const spool::Envelope& envelope, const std::string& domain,
                   const std::string& site) const {
  switch (kind) {
    case ScopeKind::everything:
      return true;
    case ScopeKind::site:
      return site == name;
    case ScopeKind::domain:
      return domain == name;
    case ScopeKind::stream:
      return base::equals_ignoring_case(envelope.stream, name);  // older ones are in any case
    case ScopeKind::tenant:
      return envelope.tenant == name;
    case ScopeKind::sender_domain:
      return envelope.sender && envelope.sender->domain == name;
  }
  return false;
}

std::string Pause::text() const {
  std::string sentence = fmt::format("{} is paused", scope.text());
  if (!by.empty()) sentence += " by " + by;
  sentence += " since " + base::to_whole_seconds(since);
  sentence += until ? " until " + base::to_whole_seconds(*until) : ", until it is resumed";
  if (!reason.empty()) sentence += ": " + reason;
  return sentence;
}

}  // namespace waypost::queue
