#include "settings/code.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/dialect.h"

namespace waypost::settings {
namespace {

void append_code_point(std::string& out, unsigned point) {
  if (point < 0x80) {
    out += char(point);
  } else if (point < 0x800) {
    out += char(0xc0 | point >> 6);
    out += char(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += char(0xe0 | point >> 12);
    out += char(0x80 | (point >> 6 & 0x3f));
    out += char(0x80 | (point & 0x3f));
  } else if (point < 0x110000) {
    out += char(0xf0 | point >> 18);
    out += char(0x80 | (point >> 12 & 0x3f));
    out += char(0x80 | (point >> 6 & 0x3f));
    out += char(0x80 | (point & 0x3f));
  }
}

// The hexadecimal number of exactly `digits`, or the one in braces for 0; its octets are removed
// from `rest`. None: nothing is removed.
std::optional<unsigned> take_hexadecimal(std::string_view& rest, size_t digits) {
  size_t start = 0;
  size_t length = digits;
  if (digits == 0) {
    const size_t close = rest.find('}');
    if (!rest.starts_with('{') || close == std::string_view::npos || close > 8) return {};
    start = 1;
    length = close - 1;
  }
  if (rest.size() < start + length || length == 0) return {};
  unsigned point = 0;
  const char* first = rest.data() + start;
  const auto [end, error] = std::from_chars(first, first + length, point, 16);
  if (error != std::errc() || end != first + length) return {};
  rest.remove_prefix(start + length + (digits == 0 ? 1 : 0));
  return point;
}

// What follows a backslash in a literal with escapes.
void unescape(std::string_view& rest, std::string& out) {
  const char c = rest.front();
  rest.remove_prefix(1);
  static constexpr std::string_view letters = "nrtvfbe0";
  static constexpr std::string_view meant("\n\r\t\v\f\b\033\0", 8);
  const size_t letter = letters.find(c);
  std::optional<unsigned> point;
  if (c == 'x') point = take_hexadecimal(rest, 2);
  if (c == 'u') point = take_hexadecimal(rest, rest.starts_with('{') ? 0 : 4);
  if (point)
    append_code_point(out, *point);
  else if (letter != std::string_view::npos)
    out += meant[letter];
  else
    out += c;
}

// "quotes and prefix removed"; `is_raw`: only the quote and the backslash are escaped.
std::string unquoted(std::string_view inside, bool is_raw, Language language) {
  std::string out;
  while (!inside.empty()) {
    const char c = inside.front();
    inside.remove_prefix(1);
    if (c != '\\' || inside.empty()) {
      out += c;
    } else if (language != Language::php && inside.find_first_of("\r\n") == 0) {
      // The line goes on: neither of the two is part of the text.
      inside.remove_prefix(inside.starts_with("\r\n") ? 2 : 1);
    } else if (is_raw) {
      if (inside.front() != '\\' && inside.front() != '\'') out += c;
      out += inside.front();
      inside.remove_prefix(1);
    } else {
      unescape(inside, out);
    }
  }
  return out;
}

struct Parts {
  std::string_view prefix;
  char quote = '"';
  std::string_view inside;
};

Parts parts_of(std::string_view literal) {
  const size_t start = std::min(literal.find_first_of("'\"`"), literal.size());
  Parts parts;
  parts.prefix = literal.substr(0, start);
  if (start == literal.size()) return parts;
  parts.quote = literal[start];
  const std::string triple(3, parts.quote);
  const size_t width =
      literal.size() >= start + 6 && literal.substr(start).starts_with(triple) ? 3 : 1;
  parts.inside = literal.substr(start + width, literal.size() - start - 2 * width);
  return parts;
}

bool is_interpolated(const Parts& parts, Language language) {
  if (language == Language::javascript)
    return parts.quote == '`' && parts.inside.find("${") != std::string_view::npos;
  if (language == Language::python) return parts.prefix.find_first_of("fF") != parts.prefix.npos;
  if (parts.quote != '"') return false;
  for (size_t at = 0; (at = parts.inside.find('$', at)) != std::string_view::npos; ++at) {
    const char next = at + 1 < parts.inside.size() ? parts.inside[at + 1] : ' ';
    if ((base::is_alpha(next) || next == '_' || next == '{') &&
        (at == 0 || parts.inside[at - 1] != '\\'))
      return true;
  }
  return false;
}

}  // namespace

std::string_view Code::text(size_t index) const {
  if (index >= tokens_.size()) return {};
  return source_.text().substr(tokens_[index].offset, tokens_[index].length);
}

bool Code::is_name(size_t index) const {
  return index < tokens_.size() && tokens_[index].kind == Token::Kind::name;
}

bool Code::is_text(size_t index) const {
  return index < tokens_.size() && tokens_[index].kind == Token::Kind::text;
}

std::string Code::literal(size_t index) const {
  const Parts parts = parts_of(text(index));
  if (language_ == Language::python && parts.prefix.find_first_of("rR") != parts.prefix.npos)
    return std::string(parts.inside);
  return unquoted(parts.inside, language_ == Language::php && parts.quote == '\'', language_);
}

size_t Code::expression_end(size_t index) const {
  size_t depth = 0;
  const size_t begin = index;
  for (; index < tokens_.size(); ++index) {
    const std::string_view token = text(index);
    const bool is_mark = tokens_[index].kind == Token::Kind::mark;
    const bool is_new_line = language_ == Language::python && tokens_[index].begins_line;
    if (depth == 0 && index > begin && is_new_line) return index;
    if (!is_mark) continue;
    if (token == "(" || token == "[" || token == "{") {
      ++depth;
    } else if (token == ")" || token == "]" || token == "}") {
      if (depth == 0) return index;
      --depth;
    } else if (depth == 0 && (token == "," || token == ";")) {
      return index;
    }
  }
  return index;
}

bool Code::is_literal(size_t index) const {
  if (index >= tokens_.size()) return false;
  if (is_text(index)) return !is_interpolated(parts_of(text(index)), language_);
  const std::string word = is_name(index) ? base::to_lower(text(index)) : std::string();
  return tokens_[index].kind == Token::Kind::number || word == "true" || word == "false";
}

void Code::read_token(size_t index, Expression& result) const {
  if (is_text(index))
    result.value = literal(index);
  else
    result.value = is_name(index) ? base::to_lower(text(index)) : std::string(text(index));
}

// process.env.X and process.env['X'], $_ENV['X'], os.environ['X'], and calls of getenv('X'),
// os.environ.get('X'), env('X'), env.str('X'), config('X').
std::string Code::variable_in(size_t begin, size_t end) const {
  constexpr std::string_view holders[] = {"env",      "environ", "$_ENV",
                                          "$_SERVER", "getenv",  "config"};
  constexpr size_t distance_max = 4;  // env . str ( 'X'
  for (size_t i = begin; i < end; ++i) {
    if (std::find(std::begin(holders), std::end(holders), text(i)) == std::end(holders)) continue;
    // Of python-decouple; an object of that name is something else.
    if (is(i, "config") && !(language_ == Language::python && is(i + 1, "("))) continue;
    for (size_t j = i + 1; j < end && j <= i + distance_max; ++j) {
      if (is_text(j)) return literal(j);
      const bool is_member = is_name(j) && is(j - 1, ".") && !is(j + 1, "(");
      if (is_member) return std::string(text(j));
    }
  }
  return {};
}

// parseInt(, Number.parseInt(, intval(, int(; but env.int( reads what its first argument names.
bool Code::reads_a_number(size_t begin, size_t end) const {
  constexpr std::string_view readers[] = {"parseInt", "intval", "int"};
  const size_t name = is(begin, "Number") && is(begin + 1, ".") ? begin + 2 : begin;
  return name + 1 < end && is(name + 1, "(") &&
         std::find(std::begin(readers), std::end(readers), text(name)) != std::end(readers);
}

std::optional<size_t> Code::fallback_in(size_t begin, size_t end) const {
  // os.getenv('X', 'False').lower() in ('true', '1'): what it is compared with is no default.
  if (language_ == Language::python)
    for (size_t i = begin; i < end; ++i)
      if (is(i, "in") || is(i, "==")) return {};
  // default=... stands anywhere among the arguments.
  for (size_t i = begin; i + 2 < end; ++i)
    if (is(i, "default") && is(i + 1, "=") && is_literal(i + 2) &&
        (is(i + 3, ")") || is(i + 3, ",")))
      return i + 2;
  // Its base is no default: parseInt(..., 10), but int(os.environ.get('X', 10)).
  if (reads_a_number(begin, end) && end > begin + 3 && is(end - 3, ",") && !is(end - 2, ")"))
    end -= 3;
  while (end > begin && is(end - 1, ")")) --end;
  if (end < begin + 3 || !is_literal(end - 1)) return {};
  const size_t before = end - 2;
  const bool is_elvis = is(before, ":") && is(before - 1, "?");
  const bool is_argument = is(before, ",") && is_text(before - 1);
  const bool is_choice =
      is(before, "||") || is(before, "??") || is(before, "or") || is_elvis || is_argument;
  return is_choice ? std::optional(end - 1) : std::nullopt;
}

Expression Code::expression(size_t begin, size_t end) const {
  Expression result;
  const size_t count = end - begin;
  for (size_t i = begin; i < end; ++i) result.is_open |= tokens_[i].kind == Token::Kind::open_text;
  if (count == 1 && is_literal(begin)) {
    read_token(begin, result);
  } else if (count == 1 && is_name(begin)) {
    const std::string word = base::to_lower(text(begin));
    result.is_elsewhere = word != "null" && word != "none" && word != "undefined";
  } else if (count == 3 && is(begin + 1, "::") && is_name(begin + 2)) {
    result.value = text(begin + 2);
  } else {
    result.variable = variable_in(begin, end);
    if (!result.variable.empty()) result.fallback = fallback_in(begin, end);
    if (result.fallback) read_token(*result.fallback, result);
    result.is_elsewhere = !result.fallback;
  }
  return result;
}

bool Code::is_bare_lookup(size_t begin, size_t end) const {
  if (language_ == Language::javascript) {
    const bool is_choice = end >= begin + 3 && (is(end - 2, "||") || is(end - 2, "??"));
    const bool is_one = end == begin + 7 && is(begin + 3, ".");  // process . env . X || 'a'
    return is_choice && is_one && is(begin, "process") && is(begin + 2, "env");
  }
  if (is(begin, "os") && is(begin + 1, ".")) begin += 2;
  if (is(begin, "environ") && is(begin + 1, ".") && is(begin + 2, "get"))
    begin += 3;
  else if (is(begin, "getenv"))
    begin += 1;
  else
    return false;
  const bool has_name = is(begin + 3, "default") && is(begin + 4, "=");
  const size_t fallback = begin + (has_name ? 5 : 3);
  return is(begin, "(") && is_text(begin + 1) && is(begin + 2, ",") && is(fallback + 1, ")") &&
         fallback + 2 == end;
}

bool Code::is_true_text(size_t begin, size_t end) const {
  const Expression read = expression(begin, end);
  if (read.is_elsewhere || read.is_open || read.value.empty()) return false;
  if (!is_text(read.fallback.value_or(begin))) return false;
  return read.fallback ? is_bare_lookup(begin, end) : end == begin + 1;
}

size_t Code::span(size_t begin, size_t end) const {
  const Token& last = tokens_[end - 1];
  return last.offset + last.length - tokens_[begin].offset;
}

Result<void> Code::add(Sheet& sheet, const Settings& settings, std::string_view key,
                       size_t key_offset, size_t begin, size_t end) const {
  if (begin >= end) return {};
  Expression read = expression(begin, end);
  if (read.is_open)
    return complaint(settings, source_.place(tokens_[begin].offset, 0),
                     "the quote that opens here is not closed");
  // A correction belongs into the literal, and leaves the variable as it is.
  const size_t first = read.fallback.value_or(begin);
  const size_t last = read.fallback ? first + 1 : end;
  sheet.add({key, key_offset, tokens_[first].offset, span(first, last), read.value,
             read.is_elsewhere, read.variable},
            is_secret_name(key) && !read.is_elsewhere);
  base::Secret::wipe(read.value);
  return {};
}

Result<void> Code::add_switch(Sheet& sheet, const Settings& settings, std::string_view key,
                              size_t key_offset, size_t begin, size_t end) const {
  if (!is_true_text(begin, end)) return add(sheet, settings, key, key_offset, begin, end);
  const Expression read = expression(begin, end);
  const Token& token = tokens_[read.fallback.value_or(begin)];
  sheet.add({key, key_offset, token.offset, token.length, "true", false, read.variable});
  return {};
}

void notice_true_text(const Sheet& sheet, std::string_view key, Settings& settings) {
  constexpr std::string_view offs[] = {"false", "0", "no", "off", "none"};
  const Sheet::Entry* entry = sheet.find(key);
  if (entry == nullptr || sheet.value(key) != "true") return;
  const std::string_view raw = entry->assignment.place.raw;
  constexpr std::string_view quotes = "'\"`";
  const size_t quote = raw.find_first_of(quotes);
  if (quote == std::string_view::npos) return;
  const size_t start = raw.find_first_not_of(quotes, quote);
  const std::string_view word =
      raw.substr(std::min(start, raw.size()), raw.find_last_not_of(quotes) + 1 - start);
  const bool is_off = std::any_of(std::begin(offs), std::end(offs), [&](std::string_view off) {
    return base::equals_ignoring_case(off, word);
  });
  if (!is_off) return;
  settings.notices.push_back(
      {entry->assignment.place,
       fmt::format("{} is '{}' in quotes, a text: each but the empty one counts as true, so it is "
                   "on; what is false stands without quotes",
                   key, word)});
}

bool is_secret_name(std::string_view name) {
  const std::string lower = base::to_lower(name);
  for (const std::string_view part : {"pass", "pwd", "secret", "token", "key"})
    if (lower.find(part) != std::string::npos) return true;
  return false;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

}  // namespace waypost::settings
