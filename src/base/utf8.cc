#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace waypost::base {
namespace {

bool in_range(std::string_view text, size_t index, uint8_t low, uint8_t high) {
  if (index >= text.size()) return false;
  auto octet = static_cast<uint8_t>(text[index]);
  return octet >= low && octet <= high;
}

bool continues(std::string_view text, size_t from, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (!in_range(text, from + i, 0x80, 0xbf)) return false;
  return true;
}

// The length of the valid sequence at the start of `text`, 0 when there is none. The bounds of the
// second octet are the table of RFC 3629 §4.
size_t sequence_length(std::string_view text) {
  auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(text, 1, 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    uint8_t low = first == 0xe0 ? 0xa0 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : 0xbf;
    return in_range(text, 1, low, high) && continues(text, 2, 1) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    uint8_t low = first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xf4 ? 0x8f : 0xbf;
    return in_range(text, 1, low, high) && continues(text, 2, 2) ? 4 : 0;
  }
  return 0;
}

// How many octets at the start of `text` are ASCII, counted in whole words: as a rule nearly all.
size_t ascii_octets(std::string_view text) {
  constexpr uint64_t high_bits = 0x8080808080808080;
  size_t at = 0;
  for (uint64_t word = 0; text.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & high_bits) != 0) break;
  }
  return at;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (true) {
    text.remove_prefix(ascii_octets(text));
    if (text.empty()) return true;
    size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    size_t length = sequence_length(text);
    if (length == 0) {
      valid += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    valid += text.substr(0, length);
    text.remove_prefix(length);
  }
  return valid;
}

std::string first_characters(std::string_view text, size_t characters_max) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && ++characters > characters_max) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

}  // namespace waypost::base
