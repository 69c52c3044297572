#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace waypost::classify {

// What the server stated in digits; empty where it did not.
struct ReplyCodes {
  std::string_view reply;     // "550" (RFC 5321 §4.2)
  std::string_view enhanced;  // "5.1.1" (RFC 3463 §2)

  // '2', '4' or '5' as stated; the reply code's where the two disagree; 0 when there is none.
  char first_digit() const {
    if (!reply.empty()) return reply[0];
    return enhanced.empty() ? '\0' : enhanced[0];
  }
};

// From a normal text, into which the views point. A number counts as a reply code only where a
// reply code can stand, so that "limit 500 reached" has none.
ReplyCodes find_codes(std::string_view normal_text);

// How long the server asks to wait: "try again in 5 minutes", "retry after 300 seconds",
// "come back in 00:05:00". Reads the text as it came, since normal texts have no numbers. None when
// it names no time, or one longer than a week.
std::optional<std::chrono::seconds> find_wait(std::string_view text);

}  // namespace waypost::classify
