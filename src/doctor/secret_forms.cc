#include "doctor/secret_forms.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/ascii.h"

namespace waypost::doctor {
namespace {

constexpr size_t reference_octets_max = 8;  // "&#x0041;"
constexpr size_t between_pairs_max = 2;

bool same_letter(char one, char other) { return base::to_lower(one) == base::to_lower(other); }

std::optional<char> octet_of(std::string_view digits, int base) {
  unsigned value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return {};
  if (value > 255) return {};
  return static_cast<char>(value);
}

std::optional<char> hex_pair(std::string_view text, size_t at) {
  if (at + 2 > text.size()) return {};
  return octet_of(text.substr(at, 2), 16);
}

// "&#65;" and "&#x41;", and those that have names.
size_t reference_length(std::string_view text, char wanted) {
  constexpr std::pair<std::string_view, char> names[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  for (const auto& [written, octet] : names)
    if (octet == wanted && text.starts_with(written)) return written.size();
  const size_t end = text.substr(0, reference_octets_max).find(';');
  if (!text.starts_with("&#") || end == std::string_view::npos) return 0;
  const bool hex = end > 2 && same_letter(text[2], 'x');
  const size_t begin = hex ? 3 : 2;
  const auto octet = octet_of(text.substr(begin, end - begin), hex ? 16 : 10);
  return octet && same_letter(*octet, wanted) ? end + 1 : 0;
}

// "\u0041" as in JSON, "\101" as in C.
size_t numbered_length(std::string_view text, char wanted) {
  const bool in_json = text.size() > 1 && same_letter(text[1], 'u');
  const size_t length = in_json ? 6 : 4;
  if (text.size() < length) return 0;
  const auto octet = in_json && text.substr(2, 2) != "00" ? std::nullopt
                     : in_json                            ? hex_pair(text, 4)
                                                          : octet_of(text.substr(1, 3), 8);
  return octet && same_letter(*octet, wanted) ? length : 0;
}

size_t escape_length(std::string_view text, char wanted) {
  if (text.empty()) return 0;
  const bool marked = text[0] == '%' || text[0] == '=';
  const bool c_like = text[0] == '\\' && text.size() > 1 && same_letter(text[1], 'x');
  if (marked || c_like) {
    const size_t begin = marked ? 1 : 2;
    const auto octet = hex_pair(text, begin);
    return octet && same_letter(*octet, wanted) ? begin + 2 : 0;
  }
  if (text[0] == '\\' && text.size() > 1 && text[1] == wanted) return 2;
  if (text[0] == '\\') return numbered_length(text, wanted);
  if (text[0] == '+' && wanted == ' ') return 1;
  return text[0] == '&' ? reference_length(text, wanted) : 0;
}

size_t escaped_length(std::string_view text, std::string_view secret) {
  size_t at = 0;
  for (char wanted : secret) {
    const size_t escape = escape_length(text.substr(at), wanted);
    if (escape == 0 && (at >= text.size() || !same_letter(text[at], wanted))) return 0;
    at += std::max<size_t>(escape, 1);
  }
  return at;
}

size_t hex_length(std::string_view text, std::string_view secret) {
  constexpr std::string_view marks = " :-,.";
  size_t at = 0;
  for (size_t i = 0; i < secret.size(); ++i) {
    for (size_t marked = 0; i > 0 && marked < between_pairs_max && at < text.size() &&
                            marks.find(text[at]) != std::string_view::npos;
         ++marked)
      ++at;
    if (at + 1 < text.size() && text[at] == '0' && same_letter(text[at + 1], 'x')) at += 2;
    const auto octet = hex_pair(text, at);
    if (!octet || !same_letter(*octet, secret[i])) return 0;
    at += 2;
  }
  return at;
}

}  // namespace

size_t written_length(std::string_view text, size_t at, std::string_view secret) {
  if (secret.empty() || at >= text.size()) return 0;
  const std::string_view rest = text.substr(at);
  const size_t escaped = escaped_length(rest, secret);
  return escaped > 0 ? escaped : hex_length(rest, secret);
}

bool same_in_base64(char one, char other) {
  auto usual = [](char c) { return c == '-' ? '+' : c == '_' ? '/' : base::to_lower(c); };
  return usual(one) == usual(other);
}

}  // namespace waypost::doctor
