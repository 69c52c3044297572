#include "classify/speaker.h"

#include <algorithm>

#include "base/ascii.h"
#include "classify/pattern.h"

namespace waypost::classify {
namespace {

// `pattern` is a host, or "*." and a domain for it and all below it.
bool covers(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return pattern == host;
  pattern.remove_prefix(1);
  return host.ends_with(pattern) || host == pattern.substr(1);
}

}  // namespace

bool is_spoken_by(const Provider& provider, std::string_view host, std::string_view text,
                  const RuleBook& book) {
  std::string name = base::to_lower(base::trim(host));
  if (name.ends_with('.')) name.pop_back();
  bool is_its_host = std::any_of(provider.mx.begin(), provider.mx.end(), [&](const auto& pattern) {
    return covers(base::to_lower(pattern), name);
  });
  if (is_its_host) return true;
  NormalText normal;
  normalise(text, book.known_hosts(), {}, normal);
  return PatternList(provider.text).any_found(normal.text);
}

}  // namespace waypost::classify
