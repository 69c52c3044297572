#pragma once

#include <cstddef>
#include <string_view>

namespace waypost::toml {

struct CodePoint {
  char32_t value = 0;
  size_t octets = 1;  // taken from the text; 1 when not valid
  bool valid = false;
};

// The code point at `at`, which is inside `text` (RFC 3629 §4: no overlong forms, no surrogates).
CodePoint decode(std::string_view text, size_t at);

}  // namespace waypost::toml
