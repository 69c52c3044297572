#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waypost::mailauth {

inline constexpr size_t txt_string_octets_max = 255;  // RFC 1035 §3.3.14

// `text` as the strings of one TXT record, one at least, which are read without anything between
// them: each is cut behind a space where its second half has one, so that terms stay whole.
std::vector<std::string> txt_strings(std::string_view text);

}  // namespace waypost::mailauth
