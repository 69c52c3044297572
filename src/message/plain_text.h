#pragma once

#include <string>
#include <string_view>

namespace waypost::message {

// `octets` of that charset (RFC 2978's names; empty: not stated) as valid UTF-8 with '\n' as line
// end, at most mime_text_octets_max. What cannot be decoded becomes U+FFFD; text whose charset is
// not known is taken as UTF-8 when it is that, else as windows-1252.
std::string to_plain_text(std::string_view octets, const std::string& charset);

}  // namespace waypost::message
