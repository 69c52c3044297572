#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::sasl {

// RFC 4648 §4, one line, padded. Both wipe their own copies; the caller wipes what it got when that
// is a secret (Secret::take).
std::string base64_encode(std::string_view octets);

// Strict: only what base64_encode would write, so that one value has one spelling. No white space,
// no missing padding, no stray bits. Refuses what would decode to more than `octets_max`.
Result<std::string> base64_decode(std::string_view text, size_t octets_max);

}  // namespace waypost::sasl
