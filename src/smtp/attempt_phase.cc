#include "smtp/attempt_phase.h"

#include <algorithm>
#include <array>

namespace waypost::smtp {
namespace {

constexpr std::array<std::string_view, 11> names{"resolve", "egress", "connect", "greeting",
                                                 "hello",   "tls",    "login",   "mail",
                                                 "rcpt",    "data",   "content"};

struct Alias {
  std::string_view name;
  AttemptPhase phase;
};
constexpr std::array aliases = std::to_array<Alias>({{"banner", AttemptPhase::greeting},
                                                     {"helo", AttemptPhase::hello},
                                                     {"ehlo", AttemptPhase::hello},
                                                     {"starttls", AttemptPhase::tls},
                                                     {"auth", AttemptPhase::login},
                                                     {"eod", AttemptPhase::content}});

}  // namespace

std::string_view name(AttemptPhase phase) { return names[size_t(phase)]; }

std::optional<AttemptPhase> parse_phase(std::string_view name) {
  if (auto found = std::find(names.begin(), names.end(), name); found != names.end())
    return AttemptPhase(found - names.begin());
  for (const Alias& alias : aliases)
    if (alias.name == name) return alias.phase;
  return std::nullopt;
}

}  // namespace waypost::smtp
