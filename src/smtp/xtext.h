#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "smtp/address.h"

// How text travels in a parameter of MAIL or RCPT.
namespace waypost::smtp {

// RFC 3461 §4: printable ASCII, of which "+", "=" and everything beyond '!' to '~' is written +XX.
// Nothing when `text` is not of that form, or what it stands for is not printable ASCII (a space
// is): control octets have no business in a notice that will quote it.
std::optional<std::string> from_xtext(std::string_view text);
std::string to_xtext(std::string_view text);

// The address of ORCPT=utf-8;..., RFC 6533 §3: ASCII in which \x{20AC} is a character, and with
// SMTPUTF8 also UTF-8 as it is. Nothing for another form, or for characters that cannot stand in an
// address.
std::optional<std::string> from_utf8_address(std::string_view text, Characters characters);
// Without `raw`, in ASCII, for a server that does not have SMTPUTF8. `address` is UTF-8.
std::string to_utf8_address(std::string_view address, bool raw);

}  // namespace waypost::smtp
