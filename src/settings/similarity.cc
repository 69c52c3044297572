#include "settings/similarity.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/ascii.h"

namespace waypost::settings {
namespace {

constexpr size_t name_octets_max = 64;
constexpr size_t label_code_points_max = 64;

struct Decoded {
  char32_t code_point = 0;
  size_t length = 1;
};

// An octet that begins no valid sequence stands for itself, beyond all code points.
Decoded decode(std::string_view text, size_t at) {
  const auto octet = [&](size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = octet(at);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (length == 1 || at + length > text.size()) return {char32_t(0x110000 + first), 1};
  char32_t point = first & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((octet(at + i) & 0xc0) != 0x80) return {char32_t(0x110000 + first), 1};
    point = point << 6 | (octet(at + i) & 0x3f);
  }
  return {point, length};
}

struct Named {
  char32_t first;
  char32_t last;
  std::string_view name;
};
constexpr Named odd_characters[] = {
    {0x00, 0x1f, "control character"},
    {0x7f, 0x9f, "control character"},
    {0xa0, 0xa0, "no-break space"},
    {0xad, 0xad, "soft hyphen"},
    {0x2000, 0x200a, "typographic space"},
    {0x200b, 0x200b, "zero width space"},
    {0x200c, 0x200d, "zero width joiner"},
    {0x200e, 0x200f, "direction mark"},
    {0x2018, 0x201f, "typographic quote"},
    {0x2028, 0x202e, "line or direction mark"},
    {0x202f, 0x202f, "narrow no-break space"},
    {0x2060, 0x2064, "invisible character"},
    {0x2066, 0x206f, "direction mark"},
    {0x3000, 0x3000, "wide space"},
    {0xfeff, 0xfeff, "byte order mark"},
    {0x110000, 0x1100ff, "octet that is no UTF-8"},
};

struct Twin {
  char32_t code_point;
  char latin;
};
// The letters of which look-alike domains are made; not every character that resembles another.
constexpr Twin twins[] = {
    {0x0430, 'a'}, {0x0435, 'e'}, {0x043e, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'},
    {0x0445, 'x'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x0455, 's'}, {0x04bb, 'h'}, {0x0501, 'd'},
    {0x051b, 'q'}, {0x051d, 'w'}, {0x043c, 'm'}, {0x0442, 't'}, {0x043a, 'k'}, {0x0261, 'g'},
    {0x03b1, 'a'}, {0x03bf, 'o'}, {0x03c1, 'p'}, {0x03bd, 'v'}, {0x03b9, 'i'}, {0x03ba, 'k'},
    {0x0131, 'i'}, {0x00e1, 'a'}, {0x00e0, 'a'}, {0x00e4, 'a'}, {0x00e9, 'e'}, {0x00e8, 'e'},
    {0x00ed, 'i'}, {0x00ec, 'i'}, {0x00ef, 'i'}, {0x00f3, 'o'}, {0x00f2, 'o'}, {0x00f6, 'o'},
    {0x00fa, 'u'}, {0x00fc, 'u'}, {0x1e43, 'm'}, {0x1e3b, 'l'}, {0x0142, 'l'}, {0xff0e, '.'},
    {0x3002, '.'}, {'0', 'o'},    {'1', 'l'},
};

char32_t untwinned(char32_t point) {
  if (point >= 0xff41 && point <= 0xff5a) return point - 0xff41 + 'a';  // full width
  for (const Twin& twin : twins)
    if (twin.code_point == point) return static_cast<unsigned char>(twin.latin);
  return point < 0x80 ? char32_t(base::to_lower(char(point))) : point;
}

// RFC 3492 §6.1.
unsigned adapted(unsigned delta, unsigned points, bool is_first) {
  delta = is_first ? delta / 700 : delta / 2;
  delta += delta / points;
  unsigned k = 0;
  for (; delta > 455; k += 36) delta /= 35;
  return k + 36 * delta / (delta + 38);
}

// The code points of a label behind "xn--"; none for what is no Punycode.
std::optional<std::u32string> punycode_decoded(std::string_view text) {
  if (text.size() > label_code_points_max) return {};
  const size_t delimiter = text.rfind('-');
  std::u32string out;
  size_t at = 0;
  if (delimiter != std::string_view::npos) {
    for (const char c : text.substr(0, delimiter)) out += static_cast<unsigned char>(c);
    at = delimiter + 1;
  }
  unsigned n = 128, i = 0, bias = 72;
  while (at < text.size()) {
    const unsigned before = i;
    unsigned weight = 1;
    for (unsigned k = 36;; k += 36) {
      if (at == text.size()) return {};
      const char c = base::to_lower(text[at++]);
      const unsigned digit = base::is_digit(c) ? unsigned(c - '0' + 26) : unsigned(c - 'a');
      if (digit > 35 || digit > (0x7fffffffu - i) / weight) return {};
      i += digit * weight;
      const unsigned threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
      if (digit < threshold) break;
      if (weight > 0x7fffffffu / (36 - threshold)) return {};
      weight *= 36 - threshold;
    }
    const unsigned points = unsigned(out.size()) + 1;
    bias = adapted(i - before, points, before == 0);
    n += i / points;
    i %= points;
    if (n > 0x10ffff) return {};
    out.insert(out.begin() + i, char32_t(n));
    ++i;
  }
  return out;
}

}  // namespace

size_t distance(std::string_view a, std::string_view b) {
  if (a.size() > name_octets_max || b.size() > name_octets_max) return std::max(a.size(), b.size());
  using Row = std::array<size_t, name_octets_max + 1>;
  Row before_last{}, last{}, row{};
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

OddCharacter first_odd_character(std::string_view text, bool spaces) {
  for (size_t at = 0; at < text.size();) {
    const Decoded character = decode(text, at);
    if (spaces && character.code_point == ' ') return {at, 1, ' ', "space"};
    for (const Named& odd : odd_characters)
      if (character.code_point >= odd.first && character.code_point <= odd.last)
        return {at, character.length, character.code_point, odd.name};
    at += character.length;
  }
  return {};
}

std::string without_odd_characters(std::string_view text) {
  std::string out;
  while (true) {
    const OddCharacter odd = first_odd_character(text, true);
    out += text.substr(0, odd.length > 0 ? odd.offset : text.size());
    if (odd.length == 0) break;
    text.remove_prefix(odd.offset + odd.length);
  }
  if (out.size() >= 2 && out.front() == out.back() && (out.front() == '"' || out.front() == '\''))
    out = out.substr(1, out.size() - 2);
  return out;
}

std::string as_it_looks(std::string_view host) {
  std::u32string points;
  while (!host.empty()) {
    const size_t dot = std::min(host.find('.'), host.size());
    const std::string_view label = host.substr(0, dot);
    std::optional<std::u32string> decoded;
    if (base::starts_with_ignoring_case(label, "xn--")) decoded = punycode_decoded(label.substr(4));
    if (decoded) points += *decoded;
    for (size_t at = 0; !decoded && at < label.size();) {
      const Decoded character = decode(label, at);
      points += character.code_point;
      at += character.length;
    }
    if (dot < host.size()) points += '.';
    host.remove_prefix(std::min(dot + 1, host.size()));
  }
  std::string out;
  for (const char32_t point : points) {
    const char32_t twin = untwinned(point);
    out += twin < 0x80 ? char(twin) : '?';
  }
  for (size_t at = 0; (at = out.find("rn", at)) != std::string::npos; ++at) out.replace(at, 2, "m");
  for (size_t at = 0; (at = out.find("vv", at)) != std::string::npos; ++at) out.replace(at, 2, "w");
  return out;
}

}  // namespace waypost::settings
