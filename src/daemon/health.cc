#include "daemon/health.h"

#include <algorithm>

namespace waypost::daemon {

void Health::report(std::string_view name, Weight weight, std::optional<std::string> trouble) {
  Check& check = checks_.try_emplace(std::string(name)).first->second;
  const bool was_well = !check.trouble;
  check.weight = weight;
  check.trouble = std::move(trouble);
  if (was_well == !check.trouble) return;
  const std::string line = std::string(name) + ": ";
  if (!check.trouble)
    journal_.info(line + "well again");
  else if (weight == Weight::stops_mail)
    journal_.error(line + *check.trouble);
  else
    journal_.warning(line + *check.trouble);
}

bool Health::ready() const {
  return std::none_of(checks_.begin(), checks_.end(), [](const auto& entry) {
    return entry.second.trouble && entry.second.weight == Weight::stops_mail;
  });
}

std::string Health::summary() const {
  std::string text;
  for (Weight weight : {Weight::stops_mail, Weight::warns})
    for (const auto& [name, check] : checks_)
      if (check.trouble && check.weight == weight)
        text += (text.empty() ? "" : "; ") + name + ": " + *check.trouble;
  return text;
}

}  // namespace waypost::daemon
