#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "classify/classifier.h"

namespace waypost::cli {

// One line of `explain --lines`: a JSON object {"text", "provider"?, "mx"?, "phase"?, "our_ip"?,
// "our_domain"?}, or, when it is not an object, the text itself.
struct ReplyLine {
  std::string text;
  std::string provider;
  std::optional<smtp::AttemptPhase> phase;
  std::string own_ip;
  std::string own_domain;

  classify::Question question() const;
};

inline constexpr size_t line_octets_max = 1 << 20;

// What the line does not say is taken from `defaults`.
Result<ReplyLine> parse_reply_line(std::string_view line, const classify::Classifier& classifier,
                                   const ReplyLine& defaults);

// Calls `take` with each line of standard input without its end, as they come, cut off at
// line_octets_max; before it waits for more, what was printed goes out.
void for_each_input_line(const std::function<void(std::string_view)>& take);

}  // namespace waypost::cli
