#include "toml/outline.h"

#include <algorithm>

#include "base/ascii.h"
#include "toml/code_point.h"

namespace waypost::toml {
namespace {

constexpr unsigned brackets_max = 16;
constexpr unsigned dots_max = 16;

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Outline::Outline(std::string_view text) { scan(text); }

std::string_view Outline::line(size_t number) const {
  return number >= 1 && number <= lines_.size() ? lines_[number - 1].text : std::string_view();
}

bool Outline::stands_alone(size_t number) const {
  if (number < 1 || number > lines_.size()) return false;
  bool neutral_after = number == lines_.size() ? quote_ == Quote::none && brackets_ == 0
                                               : lines_[number].neutral_at_start;
  std::string_view line = base::trim(lines_[number - 1].text);
  return lines_[number - 1].neutral_at_start && neutral_after && !line.starts_with('[');
}

size_t Outline::opened_at(size_t number) const {
  number = std::min(number, lines_.size());
  if (number == 0 || lines_[number - 1].neutral_at_start) return 0;
  while (number > 1 && !lines_[number - 1].neutral_at_start) --number;
  return number;
}

void Outline::scan(std::string_view text) {
  size_t line_start = 0;
  bool neutral = true;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\n') {
      size_t taken = step(text, at);
      if (!too_deep_ && (brackets_ > brackets_max || dots_ > dots_max))
        too_deep_ = Place{0, unsigned(lines_.size() + 1), unsigned(at - line_start + 1), 1};
      at += taken;
      continue;
    }
    lines_.push_back({without_line_end(text.substr(line_start, at - line_start)), neutral});
    line_start = ++at;
    in_comment_ = false;
    dots_ = 0;
    if (quote_ == Quote::basic || quote_ == Quote::literal) quote_ = Quote::none;
    neutral = quote_ == Quote::none && brackets_ == 0;
  }
  if (quote_ == Quote::basic || quote_ == Quote::literal) quote_ = Quote::none;
  if (line_start < text.size())
    lines_.push_back({without_line_end(text.substr(line_start)), neutral});
}

// Looks at one octet or one quote sign; returns how many octets that took, never over a line end.
size_t Outline::step(std::string_view text, size_t at) {
  if (in_comment_) return 1;
  if (quote_ != Quote::none) return step_in_quote(text, at);
  std::string_view rest = text.substr(at);
  if (rest.starts_with("\"\"\"")) return quote_ = Quote::long_basic, 3;
  if (rest.starts_with("'''")) return quote_ = Quote::long_literal, 3;
  if (rest.front() == '"') quote_ = Quote::basic;
  if (rest.front() == '\'') quote_ = Quote::literal;
  if (rest.front() == '#') in_comment_ = true;
  count_nesting(rest.front());
  return 1;
}

size_t Outline::step_in_quote(std::string_view text, size_t at) {
  bool basic = quote_ == Quote::basic || quote_ == Quote::long_basic;
  bool is_long = quote_ == Quote::long_basic || quote_ == Quote::long_literal;
  char sign = basic ? '"' : '\'';
  if (basic && text[at] == '\\' && at + 1 < text.size() && text[at + 1] != '\n') return 2;
  if (text[at] != sign) return 1;
  size_t signs = 1;
  while (is_long && signs < 5 && at + signs < text.size() && text[at + signs] == sign) ++signs;
  // Up to two quote signs may stand before the three that close a long string.
  if (!is_long || signs >= 3) quote_ = Quote::none;
  return signs;
}

void Outline::count_nesting(char c) {
  if (c == '[' || c == '{') ++brackets_;
  if ((c == ']' || c == '}') && brackets_ > 0) --brackets_;
  if (c == '.') ++dots_;
  if (c == '[' || c == '{' || c == ',' || c == '=') dots_ = 0;
}

std::optional<Place> first_invalid_utf8(std::string_view text) {
  unsigned line = 1;
  unsigned column = 1;
  for (size_t at = 0; at < text.size();) {
    CodePoint point = decode(text, at);
    if (!point.valid) return Place{0, line, column, 1};
    at += point.octets;
    ++column;
    if (point.value == '\n') {
      ++line;
      column = 1;
    }
  }
  return std::nullopt;
}

}  // namespace waypost::toml
