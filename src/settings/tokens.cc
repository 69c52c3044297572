#include "base/ascii.h"
#include "settings/code.h"

namespace waypost::settings {
namespace {

bool begins_name(char c) {
  return base::is_alpha(c) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) { return begins_name(c) || base::is_digit(c); }
bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }

class Scanner {
 public:
  Scanner(std::string_view text, Language language) : text_(text), language_(language) {}

  std::vector<Token> scan() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') begins_line_ = true;
      if (c == '\n' || c == ' ' || c == '\t' || c == '\r')
        ++at_;
      else if (!skip_comment())
        take();
    }
    return std::move(tokens_);
  }

 private:
  bool starts_with(std::string_view mark) const { return text_.substr(at_).starts_with(mark); }

  void skip_to(std::string_view mark, bool inclusive) {
    const size_t found = text_.find(mark, at_);
    at_ = found == std::string_view::npos ? text_.size() : found + (inclusive ? mark.size() : 0);
  }

  bool skip_comment() {
    const bool is_python = language_ == Language::python;
    const bool has_hash = language_ != Language::javascript;
    if ((has_hash && text_[at_] == '#') || (!is_python && starts_with("//"))) {
      skip_to("\n", false);
      return true;
    }
    if (is_python || !starts_with("/*")) return false;
    at_ += 2;
    skip_to("*/", true);
    return true;
  }

  void take() {
    const char c = text_[at_];
    if (is_quote(c) && (c != '`' || language_ == Language::javascript)) return take_text(0);
    if (begins_name(c)) return take_name();
    if (base::is_digit(c)) {
      size_t end = at_;
      while (end < text_.size() && (continues_name(text_[end]) || text_[end] == '.')) ++end;
      return push(Token::Kind::number, end - at_);
    }
    for (const std::string_view mark : {"=>", "==", "->", "::", "||", "??", "?.", "!="})
      if (starts_with(mark)) return push(Token::Kind::mark, mark.size());
    push(Token::Kind::mark, 1);
  }

  void take_name() {
    size_t end = at_;
    while (end < text_.size() && continues_name(text_[end])) ++end;
    const bool is_prefix = language_ == Language::python && end - at_ <= 2 && end < text_.size() &&
                           is_quote(text_[end]);
    if (is_prefix) return take_text(end - at_);
    push(Token::Kind::name, end - at_);
  }

  void take_text(size_t prefix) {
    const size_t start = at_ + prefix;
    const char quote = text_[start];
    const std::string triple(3, quote);
    const bool is_long = language_ == Language::python && text_.substr(start).starts_with(triple);
    const bool spans_lines = is_long || quote == '`' || language_ == Language::php;
    size_t end = start + (is_long ? 3 : 1);
    size_t line_end = std::string_view::npos;
    while (end < text_.size()) {
      if (text_[end] == '\n' && line_end == std::string_view::npos) line_end = end;
      if (text_[end] == '\n' && !spans_lines) break;
      if (is_long ? text_.substr(end).starts_with(triple) : text_[end] == quote)
        return push(Token::Kind::text, end + (is_long ? 3 : 1) - at_);
      end += escape_length(end);
    }
    end = std::min(std::min(end, text_.size()), line_end);
    push(Token::Kind::open_text, end - at_);
  }

  // A backslash with what it belongs to. Before a line end it continues the line, in JavaScript
  // and Python; PHP's literals go on anyway.
  size_t escape_length(size_t at) const {
    if (text_[at] != '\\' || at + 1 >= text_.size()) return 1;
    if (text_.substr(at + 1).starts_with("\r\n")) return 3;
    return 2;
  }

  void push(Token::Kind kind, size_t length) {
    tokens_.push_back({kind, at_, length, begins_line_});
    begins_line_ = false;
    at_ += length;
  }

  std::string_view text_;
  Language language_;
  size_t at_ = 0;
  bool begins_line_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view text, Language language) {
  return Scanner(text, language).scan();
}

}  // namespace waypost::settings
