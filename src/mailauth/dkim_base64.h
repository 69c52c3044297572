#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace waypost::mailauth {

std::string encode_base64(std::string_view octets);

// As tags hold it (RFC 6376 §2.10): blanks and line ends anywhere are passed over, and "=" at the
// end may be missing. Empty for another octet, a length that no octets have, or a value of more
// than `octets_max`.
std::optional<std::string> decode_base64(std::string_view text, size_t octets_max);

}  // namespace waypost::mailauth
