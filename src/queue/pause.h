#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "spool/envelope.h"

namespace waypost::queue {

enum class ScopeKind { everything, site, domain, stream, tenant, sender_domain };
std::string_view name(ScopeKind kind);
std::optional<ScopeKind> parse_scope_kind(std::string_view name);

// Which mail; the name of everything is empty, the others' are not. Domains and sites in lower
// case.
struct Scope {
  ScopeKind kind = ScopeKind::everything;
  std::string name;

  std::string text() const;  // "domain example.net"
  bool covers(const spool::Envelope& envelope, const std::string& domain,
              const std::string& site) const;
  bool operator==(const Scope&) const = default;
};

// A scope that is kept back by a person.
struct Pause {
  Scope scope;
  std::string by;      // who wanted it, as they said
  std::string reason;  // theirs
  WallTime since;
  std::optional<WallTime> until;  // none: until it is resumed

  // One sentence for people.
  std::string text() const;
  bool operator==(const Pause&) const = default;
};

inline constexpr size_t pauses_max = 1000;
inline constexpr size_t pause_text_octets_max = 500;

}  // namespace waypost::queue
