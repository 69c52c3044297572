#pragma once

#include <string>
#include <string_view>

namespace waypost::base {

// Whether `text` is UTF-8 (RFC 3629 §4): no overlong forms, no surrogates, nothing over U+10FFFF.
bool is_utf8(std::string_view text);

// `text` with U+FFFD in the place of each octet that is not part of a valid sequence, so that what
// a peer sent can stand in JSON and on a terminal.
std::string to_valid_utf8(std::string_view text);
// Of valid UTF-8.
std::string first_characters(std::string_view text, size_t characters_max);

}  // namespace waypost::base
