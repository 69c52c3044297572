#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/history.h"
#include "base/time.h"

// The first line of the dashboard: is mail flowing? Pure.
namespace waypost::api {

struct ProviderState {
  std::string name;
  Sums sums{};  // of a window
  uint64_t complained = 0;
};

// The most frequent one, in words, and where; empty: there was none.
struct LeadingCause {
  std::string title;
  std::string provider;
};

struct MailState {
  Sums sums{};  // of a window
  uint64_t complained = 0;
  uint64_t waiting = 0;  // recipients
  Duration oldest_waiting{0};
  bool is_paused = false;
  LeadingCause of_deferrals;  // of the window
  LeadingCause of_bounces;
  std::vector<ProviderState> providers;
};

struct Verdict {
  std::string_view state;  // "good", "attention", "slow", "failing", "idle"
  std::string text;        // one sentence or two
};

// docs/operate/dashboard.md has the thresholds.
Verdict judge(const MailState& mail);

}  // namespace waypost::api
