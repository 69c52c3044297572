#include "mailauth/dkim_base64.h"

#include <array>
#include <cstdint>

namespace waypost::mailauth {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr int8_t no_letter = -1;

constexpr std::array<int8_t, 256> make_values() {
  std::array<int8_t, 256> values{};
  values.fill(no_letter);
  for (size_t i = 0; i < letters.size(); ++i)
    values[static_cast<unsigned char>(letters[i])] = int8_t(i);
  return values;
}

constexpr std::array<int8_t, 256> values = make_values();

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::string encode_base64(std::string_view octets) {
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int count = 0;
  for (char octet : octets) {
    bits = bits << 8 | static_cast<unsigned char>(octet);
    for (count += 8; count >= 6; count -= 6) text += letters[bits >> (count - 6) & 63];
  }
  if (count > 0) text += letters[bits << (6 - count) & 63];
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> decode_base64(std::string_view text, size_t octets_max) {
  std::string octets;
  uint32_t bits = 0;
  size_t letters_read = 0;
  size_t padding = 0;
  for (char c : text) {
    if (is_space(c)) continue;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    const int8_t value = values[static_cast<unsigned char>(c)];
    if (value == no_letter || padding > 0) return std::nullopt;
    bits = bits << 6 | uint32_t(value);
    if (++letters_read % 4 != 1) octets += char(bits >> (4 - letters_read % 4) * 2 % 8 & 255);
    if (octets.size() > octets_max) return std::nullopt;
  }
  if (letters_read % 4 == 1) return std::nullopt;
  if (padding > 0 && (letters_read + padding) % 4 != 0) return std::nullopt;
  return octets;
}

}  // namespace waypost::mailauth
