#pragma once

#include <string>
#include <string_view>

// When two names could be taken for one another.
namespace waypost::settings {

// Damerau and Levenshtein's: letters added, left out, changed, or two neighbours swapped. Texts
// over 64 octets are as far apart as they are long.
size_t distance(std::string_view a, std::string_view b);

// One Unicode character that cannot be seen or that stands for another.
struct OddCharacter {
  size_t offset = 0;  // octets
  size_t length = 0;
  char32_t code_point = 0;
  std::string_view name;  // "zero width space"
};
// The first space, control or invisible character, or typographic quote; length 0 for none. With
// `spaces` false, spaces are fine.
OddCharacter first_odd_character(std::string_view text, bool spaces);
// Without all of them, and without quotes around the rest.
std::string without_odd_characters(std::string_view text);

// As it looks: Cyrillic and Greek letters as the Latin ones that look the same, 0 as o, 1 as l, rn
// as m; xn-- labels are decoded first (RFC 3492 §6.2).
std::string as_it_looks(std::string_view host);

}  // namespace waypost::settings
