#include "smtp/xtext.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::smtp {
namespace {

constexpr bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

// RFC 3461 §4, xchar.
constexpr bool stands_for_itself(char c) { return c > 0x20 && c < 0x7f && c != '+' && c != '='; }

// In any case, though RFC 3461 §4 wants capitals.
std::optional<uint32_t> hex_digit(char c) {
  c = base::to_upper(c);
  if (base::is_digit(c)) return uint32_t(c - '0');
  if (c >= 'A' && c <= 'F') return uint32_t(c - 'A' + 10);
  return std::nullopt;
}

std::optional<uint32_t> hex_number(std::string_view digits) {
  uint32_t number = 0;
  for (char c : digits) {
    const std::optional<uint32_t> digit = hex_digit(c);
    if (!digit) return std::nullopt;
    number = number * 16 + *digit;
  }
  return number;
}

void append_utf8(uint32_t code_point, std::string& out) {
  const auto tail = [&](unsigned shift) { out += char(0x80 | ((code_point >> shift) & 0x3f)); };
  if (code_point < 0x80) {
    out += char(code_point);
  } else if (code_point < 0x800) {
    out += char(0xc0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    out += char(0xe0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    out += char(0xf0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// Takes \x{20AC} off `text`, which starts with a backslash.
std::optional<uint32_t> take_embedded_character(std::string_view& text) {
  constexpr std::string_view opening = "\\x{";
  constexpr size_t digits_max = 6;
  if (!text.starts_with(opening)) return std::nullopt;
  const size_t end = text.find('}');
  if (end == std::string_view::npos || end == opening.size() || end > opening.size() + digits_max)
    return std::nullopt;
  const auto number = hex_number(text.substr(opening.size(), end - opening.size()));
  text.remove_prefix(end + 1);
  return number && *number <= 0x10ffff ? number : std::nullopt;
}

// The character at the start of valid UTF-8, which is taken off.
uint32_t take_character(std::string_view& utf8) {
  const auto first = static_cast<unsigned char>(utf8[0]);
  const size_t octets = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  uint32_t code_point = octets == 1 ? first : first & (0x7f >> octets);
  for (size_t at = 1; at < octets && at < utf8.size(); ++at)
    code_point = code_point << 6 | (static_cast<unsigned char>(utf8[at]) & 0x3f);
  utf8.remove_prefix(std::min(octets, utf8.size()));
  return code_point;
}

}  // namespace

std::optional<std::string> from_xtext(std::string_view text) {
  std::string decoded;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '+') {
      const auto octet = text.size() - at > 2 ? hex_number(text.substr(at + 1, 2)) : std::nullopt;
      if (!octet) return std::nullopt;
      c = char(*octet);
      at += 2;
    } else if (!stands_for_itself(c)) {
      return std::nullopt;
    }
    if (!is_printable(c)) return std::nullopt;
    decoded += c;
  }
  return decoded;
}

std::string to_xtext(std::string_view text) {
  std::string encoded;
  for (char c : text)
    if (stands_for_itself(c))
      encoded += c;
    else
      encoded += fmt::format("+{:02X}", static_cast<unsigned char>(c));
  return encoded;
}

std::optional<std::string> from_utf8_address(std::string_view text, Characters characters) {
  std::string decoded;
  while (!text.empty()) {
    if (text[0] == '\\') {
      const std::optional<uint32_t> code_point = take_embedded_character(text);
      if (!code_point) return std::nullopt;
      append_utf8(*code_point, decoded);
      continue;
    }
    const bool is_ascii = static_cast<unsigned char>(text[0]) < 0x80;
    if (is_ascii ? !stands_for_itself(text[0]) : characters == Characters::ascii)
      return std::nullopt;
    decoded += text[0];
    text.remove_prefix(1);
  }
  // Surrogates, controls and the like show here, however they were written.
  if (!is_address_text(decoded)) return std::nullopt;
  return decoded;
}

std::string to_utf8_address(std::string_view address, bool raw) {
  std::string encoded;
  while (!address.empty()) {
    const std::string_view before = address;
    const uint32_t code_point = take_character(address);
    const bool itself =
        code_point < 0x80 ? stands_for_itself(char(code_point)) && code_point != '\\' : raw;
    if (itself)
      encoded += before.substr(0, before.size() - address.size());
    else
      encoded += fmt::format("\\x{{{:02X}}}", code_point);
  }
  return encoded;
}

}  // namespace waypost::smtp
