#include "base/terminal_text.h"

#include <fmt/format.h>

namespace waypost::base {

std::string without_terminal_controls(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    auto octet = [&](size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
    };
    unsigned code = 0;
    if (octet(i) == 0xc2 && octet(i + 1) >= 0x80 && octet(i + 1) <= 0x9f) code = octet(i + 1);
    // U+200E and U+200F, U+202A to U+202E, U+2066 to U+2069.
    if (octet(i) == 0xe2 && (octet(i + 1) == 0x80 || octet(i + 1) == 0x81))
      code = 0x2000 + ((octet(i + 1) & 0x3f) << 6) + (octet(i + 2) & 0x3f);
    bool direction = code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                     (code >= 0x2066 && code <= 0x2069);
    if (code == 0 || (code > 0x9f && !direction)) {
      result += text[i];
      continue;
    }
    result += fmt::format("\\u{:04x}", code);
    i += code > 0x9f ? 2 : 1;
  }
  return result;
}

}  // namespace waypost::base
