#pragma once

#include <string>
#include <string_view>

namespace waypost::message {

// `octets` of that charset (RFC 2978's names; empty: not stated) as valid UTF-8 with '\n' as line
// end, at most mime_text_octets_max. What cannot be decoded becomes U+FFFD; text whose charset is
// not known is taken as UTF-8 when it is that, else as windows-1252.
std::string to_plain_text(std::string_view octets, const std::string& charset);

// UTF-8 in which capitals and small letters are the same, and a letter with an accent is the same
// whether it is one character or two: Unicode's case folding, composed (NFC). Accents count. What
// is no UTF-8 becomes U+FFFD.
std::string caseless_text(std::string_view text);

}  // namespace waypost::message
