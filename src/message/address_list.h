#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waypost::message {

inline constexpr size_t comment_depth_max = 32;

// The addresses of a To, Cc or Bcc field's value (RFC 5322 §3.4), folded or not, each as it stands
// between its angle brackets or by itself: quoting is kept, comments, display names and blanks are
// gone, groups are opened. A local part without a domain is returned as it is. invalid_input, with
// what is wrong, for text that has no such form; nothing is guessed, since mail would go there.
base::Result<std::vector<std::string>> parse_address_list(std::string_view value);

}  // namespace waypost::message
