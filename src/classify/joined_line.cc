#include "classify/joined_line.h"

#include <algorithm>

#include "toml/code_point.h"

namespace waypost::classify {

using base::is_alnum;
using base::is_digit;

namespace {

// Of Latin Extended-A, where capital and small letter are neighbours.
constexpr char32_t lower_of_extended(char32_t c) {
  bool odd_is_capital = (c >= 0x139 && c <= 0x148) || c >= 0x179;
  if (c == 0x130 || c == 0x138 || c == 0x149 || c == 0x178 || c == 0x17f) return c;
  return odd_is_capital == (c % 2 == 1) ? c + 1 : c;
}

// Of the letters beyond ASCII in which servers speak capitals: Latin, Greek, Cyrillic. All keep
// their two octets.
constexpr char32_t lower_of(char32_t c) {
  if (c >= 0x100 && c <= 0x17f) return lower_of_extended(c);
  if (c >= 0xc0 && c <= 0xde && c != 0xd7) return c + 0x20;
  if (c >= 0x391 && c <= 0x3a9) return c + 0x20;
  if (c >= 0x410 && c <= 0x42f) return c + 0x20;
  if (c >= 0x400 && c <= 0x40f) return c + 0x50;
  return c;
}

// "550-5.1.1 " at the start of a line: the part that the next lines repeat.
struct Prefix {
  std::string_view code;
  std::string_view enhanced;
  bool has_more_lines = false;  // perhaps on this very line, joined by a program's log
};

bool is_code_at(std::string_view text, size_t at) {
  return digits_at(text, at) == 3 && (text[at] == '2' || text[at] == '4' || text[at] == '5') &&
         (at + 3 == text.size() || is_space(text[at + 3]) || text[at + 3] == '-');
}

size_t skip_space(std::string_view text, size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

Prefix read_prefix(std::string_view line) {
  Prefix prefix;
  size_t at = skip_space(line, 0);
  if (!is_code_at(line, at)) return prefix;
  prefix.code = line.substr(at, 3);
  prefix.has_more_lines = at + 3 < line.size() && line[at + 3] == '-';
  at = skip_space(line, std::min(line.size(), at + 4));
  prefix.enhanced = line.substr(at, enhanced_code_at(line, at));
  return prefix;
}

// Where the text of a following line begins, behind the codes that the first line had too.
size_t behind_repeated(std::string_view line, size_t at, const Prefix& prefix) {
  at = skip_space(line, at);
  if (prefix.code.empty() || !is_code_at(line, at) || line.substr(at, 3) != prefix.code) return at;
  at = skip_space(line, std::min(line.size(), at + 4));
  if (!prefix.enhanced.empty() && line.substr(at, prefix.enhanced.size()) == prefix.enhanced &&
      enhanced_code_at(line, at) == prefix.enhanced.size())
    at = skip_space(line, at + prefix.enhanced.size());
  return at;
}

// A line end as an octet, or as a program's log writes it: backslash and letter.
size_t line_end_at(std::string_view input, size_t at) {
  if (input[at] == '\r' || input[at] == '\n') return 1;
  std::string_view rest = input.substr(at);
  if (rest.starts_with("\\r\\n")) return 4;
  return rest.starts_with("\\n") && (rest.size() == 2 || is_digit(rest[2])) ? 2 : 0;
}

size_t line_end(std::string_view input, size_t at) {
  for (at = input.find_first_of("\r\n\\", at); at != std::string_view::npos;
       at = input.find_first_of("\r\n\\", at + 1))
    if (line_end_at(input, at) > 0) return at;
  return input.size();
}

// Adds the code point at `at` in lower case, and returns how many octets it takes.
size_t add_lower(std::string_view input, size_t at, JoinedLine& line) {
  if (static_cast<unsigned char>(input[at]) < 0x80) {
    line.add(base::to_lower(input[at]), at);
    return 1;
  }
  toml::CodePoint point = toml::decode(input, at);
  if (!point.valid) {
    line.add('?', at);
    return 1;
  }
  if (point.octets == 2) {
    char32_t lower = lower_of(point.value);
    line.add(char(0xc0 | (lower >> 6)), at);
    line.add(char(0x80 | (lower & 0x3f)), at + 1);
  } else {
    for (size_t i = 0; i < point.octets; ++i) line.add(input[at + i], at + i);
  }
  return point.octets;
}

}  // namespace

size_t enhanced_code_at(std::string_view text, size_t at) {
  size_t end = at;
  if (end >= text.size() || (text[end] != '2' && text[end] != '4' && text[end] != '5')) return 0;
  ++end;
  for (int part = 0; part < 2; ++part) {
    if (end >= text.size() || text[end] != '.') return 0;
    size_t digits = digits_at(text, end + 1);
    if (digits < 1 || digits > 3) return 0;
    end += 1 + digits;
  }
  if (end < text.size() && is_alnum(text[end])) return 0;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) return 0;
  return end - at;
}

void join_lines(std::string_view input, JoinedLine& joined) {
  joined.clear();
  Prefix prefix;
  size_t text_end = 0;  // behind the last octet that is no white space
  for (size_t start = 0; start < input.size();) {
    size_t end = line_end(input, start);
    std::string_view line = input.substr(start, end - start);
    bool first = joined.text.empty();
    size_t at = first ? skip_space(line, 0) : behind_repeated(line, 0, prefix);
    if (first) prefix = read_prefix(line);
    bool hyphen_behind_code = first && !prefix.code.empty();
    if (!joined.text.empty() && joined.text.back() != ' ' && at < line.size())
      joined.add(' ', text_end);
    for (size_t i = at; i < line.size();) {
      bool space = is_space(line[i]) || (hyphen_behind_code && i == at + 3);
      if (!space) {
        i += add_lower(input, start + i, joined);
        text_end = start + i;
        continue;
      }
      if (!joined.text.empty() && joined.text.back() != ' ') joined.add(' ', text_end);
      i = prefix.has_more_lines ? behind_repeated(line, i + 1, prefix) : i + 1;
    }
    start = end < input.size() ? end + line_end_at(input, end) : end;
  }
  while (joined.text.ends_with(' ')) {
    joined.text.pop_back();
    joined.origin.pop_back();
  }
  joined.origin.push_back(uint32_t(text_end));
}

}  // namespace waypost::classify
