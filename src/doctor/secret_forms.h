#pragma once

#include <cstddef>
#include <string_view>

// The ways in which somebody else may write a secret that he was told. Pure.
namespace waypost::doctor {

// How many octets of `text`, from `at` on, write `secret`, with letters in either case: as it is,
// with octets escaped as in URLs, quoted-printable, HTML or C (%41, =41, &#65;, \x41), or all of it
// in hexadecimal, with or without marks between the pairs. 0: none.
size_t written_length(std::string_view text, size_t at, std::string_view secret);

// Whether two octets stand for the same in base64: in either alphabet (RFC 4648 §4, §5), and in
// either case, since servers repeat commands in capitals.
bool same_in_base64(char one, char other);

}  // namespace waypost::doctor
