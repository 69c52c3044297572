#include "smtp/phase.h"

#include <algorithm>
#include <array>

namespace waypost::smtp {
namespace {

constexpr std::array<std::string_view, 10> names{
    "resolve", "connect", "greeting", "hello", "tls", "login", "mail", "rcpt", "data", "content"};

struct Alias {
  std::string_view name;
  Phase phase;
};
constexpr std::array aliases = std::to_array<Alias>({{"banner", Phase::greeting},
                                                     {"helo", Phase::hello},
                                                     {"ehlo", Phase::hello},
                                                     {"starttls", Phase::tls},
                                                     {"auth", Phase::login},
                                                     {"eod", Phase::content}});

}  // namespace

std::string_view name(Phase phase) { return names[size_t(phase)]; }

std::optional<Phase> parse_phase(std::string_view name) {
  if (auto found = std::find(names.begin(), names.end(), name); found != names.end())
    return Phase(found - names.begin());
  for (const Alias& alias : aliases)
    if (alias.name == name) return alias.phase;
  return std::nullopt;
}

}  // namespace waypost::smtp
