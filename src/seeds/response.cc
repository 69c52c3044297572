#include "seeds/response.h"

#include <array>
#include <charconv>
#include <chrono>

#include "base/ascii.h"

namespace waypost::seeds {
namespace {

tl::unexpected<Error> broken(const char* what) { return failure(ErrorCode::protocol, what); }

// "{123}" at the end of a line announces that many octets behind it.
std::optional<Result<size_t>> literal_at_end(std::string_view line) {
  if (!line.ends_with('}')) return std::nullopt;
  const size_t brace = line.rfind('{');
  if (brace == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(brace + 1, line.size() - brace - 2);
  if (digits.ends_with('+')) digits.remove_suffix(1);
  size_t octets = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octets);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (error != std::errc() || octets > literal_octets_max)
    return broken("the server announces more than is taken from it");
  return octets;
}

// Reads one response from its front.
class Parser {
 public:
  explicit Parser(std::string_view octets) : octets_(octets) {}

  Result<Response> read();

 private:
  bool at_end() const { return at_ == octets_.size(); }
  bool take(char c) {
    if (at_end() || octets_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view word() {
    const size_t begin = at_;
    while (!at_end() && octets_[at_] != ' ') ++at_;
    return octets_.substr(begin, at_ - begin);
  }
  std::string rest() {
    take(' ');
    std::string text(octets_.substr(at_));
    at_ = octets_.size();
    return text;
  }
  Result<std::vector<Value>> values(unsigned depth);
  Result<Value> value(unsigned depth);
  Result<std::string> quoted_string();
  Result<std::string> literal();
  std::string atom();

  std::string_view octets_;
  size_t at_ = 0;
  size_t count_ = 0;
};

bool is_state(std::string_view word) {
  static constexpr std::array<std::string_view, 5> words{"OK", "NO", "BAD", "PREAUTH", "BYE"};
  for (std::string_view one : words)
    if (one == word) return true;
  return false;
}

Result<Response> Parser::read() {
  Response response;
  if (octets_.ends_with('\n')) octets_.remove_suffix(1);
  if (octets_.ends_with('\r')) octets_.remove_suffix(1);
  if (take('+')) {
    response.kind = Response::Kind::challenge;
    response.text = rest();
    return response;
  }
  const std::string_view tag = word();
  if (tag.empty() || !take(' ')) return broken("the server's answer has no tag");
  if (tag != "*") response.tag = tag;
  std::string_view name = word();
  uint32_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size()) {
    response.number = number;
    if (!take(' ')) return broken("a number stands alone in the server's answer");
    name = word();
  }
  response.word = base::to_upper(name);
  if (is_state(response.word)) {
    response.kind = Response::Kind::state;
    response.text = rest();
    return response;
  }
  if (!response.tag.empty()) return broken("the server ends a command with no OK, NO or BAD");
  TRY(response.values, values(0));
  response.value_count = count_;
  if (!at_end()) return broken("a parenthesis closes that was not open");
  return response;
}

// Up to the end, or in front of a closing parenthesis.
Result<std::vector<Value>> Parser::values(unsigned depth) {
  std::vector<Value> all;
  while (true) {
    while (take(' ')) {
    }
    if (at_end() || octets_[at_] == ')') return all;
    if (++count_ > response_values_max) return broken("the server's answer has too many parts");
    TRY(Value one, value(depth));
    all.push_back(std::move(one));
  }
}

Result<Value> Parser::value(unsigned depth) {
  Value made;
  const char first = octets_[at_];
  if (first == '(') {
    if (depth == list_depth_max) return broken("the server's answer is nested too deep");
    ++at_;
    made.kind = Value::Kind::list;
    TRY(made.items, values(depth + 1));
    if (!take(')')) return broken("a parenthesis is not closed");
    return made;
  }
  if (first == '"' || first == '{') {
    made.kind = Value::Kind::text;
    TRY(made.text, first == '"' ? quoted_string() : literal());
    return made;
  }
  made.text = atom();
  if (made.text.empty()) return broken("an octet of the server's answer stands in the wrong place");
  return made;
}

Result<std::string> Parser::quoted_string() {
  ++at_;
  std::string text;
  while (!at_end()) {
    char c = octets_[at_++];
    if (c == '"') return text;
    if (c == '\\') {
      if (at_end()) break;
      c = octets_[at_++];
    }
    if (c == '\r' || c == '\n' || c == '\0') break;
    text += c;
  }
  return broken("a quoted string has no end");
}

Result<std::string> Parser::literal() {
  const size_t line_end = octets_.find('\n', at_);
  if (line_end == std::string_view::npos) return broken("a literal without its octets");
  std::string_view line = octets_.substr(at_, line_end - at_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto octets = literal_at_end(line);
  if (!octets || line.rfind('{') != 0) return broken("a literal of an unknown form");
  TRY(const size_t length, *octets);
  if (octets_.size() - line_end - 1 < length) return broken("a literal without its octets");
  at_ = line_end + 1 + length;
  return std::string(octets_.substr(line_end + 1, length));
}

// "BODY[HEADER]<0>" is one: what stands in brackets belongs to it.
std::string Parser::atom() {
  const size_t begin = at_;
  bool in_brackets = false;
  for (; !at_end(); ++at_) {
    const char c = octets_[at_];
    if (c == '[') in_brackets = true;
    if (c == ']') in_brackets = false;
    if (base::is_control(c) || c == '"' || c == '{') break;
    if (!in_brackets && (c == ' ' || c == '(' || c == ')')) break;
  }
  return std::string(octets_.substr(begin, at_ - begin));
}

// "07", " 7"; none for other octets.
std::optional<int> two_digits(std::string_view text) {
  if (text.starts_with(' ')) text.remove_prefix(1);
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<unsigned> month_of(std::string_view name) {
  static constexpr std::string_view names = "janfebmaraprmayjunjulaugsepoctnovdec";
  const size_t at = names.find(base::to_lower(name));
  if (name.size() != 3 || at == std::string_view::npos || at % 3 != 0) return std::nullopt;
  return static_cast<unsigned>(at / 3 + 1);
}

}  // namespace

bool Value::is_atom(std::string_view word) const {
  return kind == Kind::atom && base::equals_ignoring_case(text, word);
}

Result<std::optional<std::string>> ResponseReader::next() {
  while (true) {
    const size_t taken = std::min(literal_left_, buffer_.size() - at_);
    at_ += taken;
    literal_left_ -= taken;
    if (literal_left_ > 0) return std::optional<std::string>();
    if (taken > 0) line_start_ = at_;
    const size_t line_end = buffer_.find('\n', at_);
    if (line_end == std::string::npos) {
      at_ = buffer_.size();
      if (at_ - line_start_ > response_line_octets_max) return broken("a line has no end");
      return std::optional<std::string>();
    }
    std::string_view line(buffer_.data() + line_start_, line_end - line_start_);
    if (line.size() > response_line_octets_max) return broken("a line is too long");
    if (line.ends_with('\r')) line.remove_suffix(1);
    at_ = line_start_ = line_end + 1;
    if (auto octets = literal_at_end(line)) {
      TRY(literal_left_, *octets);
      if (at_ + literal_left_ > response_octets_max) return broken("an answer is too long");
      continue;
    }
    if (at_ > response_octets_max) return broken("an answer is too long");
    std::string whole = buffer_.substr(0, at_);
    buffer_.erase(0, at_);
    at_ = line_start_ = 0;
    return std::optional<std::string>(std::move(whole));
  }
}

Result<Response> parse_response(std::string_view octets) { return Parser(octets).read(); }

Result<std::string> quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (base::is_control(c) || static_cast<unsigned char>(c) >= 0x80)
      return failure(ErrorCode::invalid_input, "the text cannot stand in an IMAP command");
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

Result<int64_t> parse_internal_date(std::string_view text) {
  constexpr size_t length = 26;
  auto malformed = [] { return failure(ErrorCode::invalid_input, "a date of an unknown form"); };
  if (text.size() != length || text[2] != '-' || text[6] != '-' || text[11] != ' ' ||
      text[14] != ':' || text[17] != ':' || text[20] != ' ')
    return malformed();
  auto day = two_digits(text.substr(0, 2)), century = two_digits(text.substr(7, 2)),
       year = two_digits(text.substr(9, 2)), hour = two_digits(text.substr(12, 2)),
       minute = two_digits(text.substr(15, 2)), second = two_digits(text.substr(18, 2)),
       zone_hours = two_digits(text.substr(22, 2)), zone_minutes = two_digits(text.substr(24, 2));
  auto month = month_of(text.substr(3, 3));
  const char sign = text[21];
  if (!day || !month || !century || !year || !hour || !minute || !second || !zone_hours ||
      !zone_minutes || (sign != '+' && sign != '-') || *hour > 23 || *minute > 59 || *second > 60)
    return malformed();
  const std::chrono::year_month_day date{std::chrono::year(*century * 100 + *year),
                                         std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return malformed();
  const int64_t zone = (sign == '-' ? -1 : 1) * (*zone_hours * 60 + *zone_minutes) * 60;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400 + *hour * 3600 + *minute * 60 + *second - zone;
}

}  // namespace waypost::seeds
