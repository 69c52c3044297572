#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/history.h"
#include "base/time.h"

// The first line of the dashboard: is mail flowing? Pure.
namespace waypost::api {

struct MailState {
  Sums sums{};           // of a window
  uint64_t waiting = 0;  // recipients
  Duration oldest_waiting{0};
  bool is_paused = false;
  // The most frequent cause of the window, in words, and where; empty: there was none.
  std::string cause;
  std::string provider;
};

struct Verdict {
  std::string_view state;  // "good", "slow", "failing", "idle"
  std::string text;        // one sentence or two
};

Verdict judge(const MailState& mail);

}  // namespace waypost::api
