#include "queue/asked_limit.h"

#include <vector>

#include <fmt/format.h>

#include "base/whole_seconds.h"

namespace waypost::queue {

std::string AskedLimit::origin() const {
  return fmt::format("set by {} until {}", by.empty() ? "somebody" : by,
                     base::to_whole_seconds(until));
}

std::string AskedLimit::limits_text() const {
  std::vector<std::string> parts;
  each_asked([&](const auto& key) {
    if (this->*key.asked != 0) parts.push_back(fmt::format("{} {}", this->*key.asked, key.words));
  });
  std::string text = "at most ";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

std::string AskedLimit::text() const {
  std::string sentence = fmt::format("site {} gets {}, {}", site, limits_text(), origin());
  if (!reason.empty()) sentence += ": " + reason;
  return sentence;
}

shaping::SiteLimits AskedLimit::most() const {
  shaping::SiteLimits most = shaping::no_limits();
  each_asked([&](const auto& key) {
    if (this->*key.asked != 0) most.*key.limit = {this->*key.asked, origin()};
  });
  return most;
}

Result<void> check(const AskedLimit& limit) {
  bool sets_any = false;
  each_asked([&](const auto& key) { sets_any |= limit.*key.asked != 0; });
  if (!sets_any)
    return failure(ErrorCode::invalid_input,
                   "it limits nothing: say how many connections or messages at most");
  // Stored times may be thousands of years apart, and a Duration ends before.
  constexpr auto longest = std::chrono::duration_cast<WallTime::duration>(asked_limit_lasts_max);
  if (limit.until <= limit.since || limit.until - limit.since > longest)
    return failure(ErrorCode::invalid_input, "it lasts for some time, of 7 days at most");
  return {};
}

}  // namespace waypost::queue
