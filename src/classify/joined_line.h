#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"

namespace waypost::classify {

// The white space of a reply, and what programs leave in the place of some.
constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == '\0';
}

inline size_t digits_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && base::is_digit(text[end])) ++end;
  return end - at;
}

// Length of the enhanced code (RFC 3463 §2) d.d{1,3}.d{1,3} at `at`, which nothing that belongs to
// it follows; 0 when there is none.
size_t enhanced_code_at(std::string_view text, size_t at);

// A reply's text on one line, before anything in it is masked.
struct JoinedLine {
  std::string text;
  // For each octet of `text` its offset in the input; one more for the end.
  std::vector<uint32_t> origin;

  void clear() {
    text.clear();
    origin.clear();
  }
  void add(char c, size_t at) {
    text.push_back(c);
    origin.push_back(uint32_t(at));
  }
};

// Lines joined by one space, the codes that each of them repeats dropped, lower case, white space
// collapsed; octets that are not UTF-8 become `?`, so that what is searched is always valid. Linear
// in the input. `joined` keeps its capacity from call to call.
void join_lines(std::string_view input, JoinedLine& joined);

}  // namespace waypost::classify
