#include "mailauth/authentication_results.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/dkim_tags.h"

namespace waypost::mailauth {
namespace {

constexpr size_t comment_depth_max = 32;
constexpr size_t version_digits_max = 3;
constexpr std::string_view field_name = "Authentication-Results";

tl::unexpected<Error> malformed(std::string_view what) {
  return failure(ErrorCode::invalid_input, std::string(what));
}

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// RFC 5321 Keyword, as methods and results are written; some write underscores.
constexpr bool is_keyword(char c) { return base::is_alnum(c) || c == '-' || c == '_'; }

// Wider than the token of RFC 2045: addresses and base64 stand without quotes, too.
constexpr bool is_value(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != ';' && c != '(' && c != ')' &&
         c != '"';
}

constexpr bool is_token(char c) {
  return is_value(c) && static_cast<unsigned char>(c) < 0x7f &&
         std::string_view("<>@,:\\/[]?=").find(c) == std::string_view::npos;
}

// Reads from the front of a value.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  size_t position() const { return at_; }
  std::string_view since(size_t position) const { return text_.substr(position, at_ - position); }

  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Blanks and comments; false for a comment without an end or too deep. Keeps the first comment.
  bool skip(std::string* comment = nullptr) {
    while (!at_end()) {
      if (is_space(text_[at_])) {
        ++at_;
        continue;
      }
      if (text_[at_] != '(') return true;
      const size_t begin = at_;
      if (!skip_comment()) return false;
      if (comment && comment->empty())
        *comment = message::unfold(text_.substr(begin + 1, at_ - begin - 2));
    }
    return true;
  }

  template <class Allowed>
  std::string word(Allowed allowed) {
    const size_t begin = at_;
    while (!at_end() && allowed(text_[at_])) ++at_;
    return std::string(since(begin));
  }

  // A quoted string without its quotes, or a run of octets that need none, or one behind the other
  // ("joe smith"@example.com). Nothing for a string without an end.
  std::optional<std::string> value() {
    std::string result;
    if (!at_end() && text_[at_] == '"') {
      ++at_;
      while (true) {
        if (at_end()) return std::nullopt;
        char c = text_[at_++];
        if (c == '"') break;
        if (c == '\\') {
          if (at_end()) return std::nullopt;
          c = text_[at_++];
        }
        if (c != '\r' && c != '\n') result += c;
      }
      if (at_end() || text_[at_] != '@') return result;
    }
    return result + word(is_value);
  }

 private:
  bool skip_comment() {
    size_t depth = 0;
    do {
      if (at_end()) return false;
      const char c = text_[at_++];
      if (c == '(' && ++depth > comment_depth_max) return false;
      if (c == ')') --depth;
      if (c == '\\' && !at_end()) ++at_;
    } while (depth > 0);
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Result<unsigned> take_version(Cursor& cursor) {
  auto number = parse_number(cursor.word(base::is_digit), version_digits_max);
  if (!number) return malformed("a version is no number");
  return unsigned(*number);
}

// One "ptype.property=pvalue", or "reason=..." at the front.
Result<void> take_property(Cursor& cursor, AuthenticationResult& result) {
  AuthenticationProperty property;
  property.name = base::to_lower(cursor.word(is_keyword));
  if (property.name.empty()) return malformed("a property has no name");
  if (!cursor.skip(&result.comment)) return malformed("a comment does not end");
  if (cursor.take('.')) {
    if (!cursor.skip(&result.comment)) return malformed("a comment does not end");
    property.type = std::move(property.name);
    property.name = base::to_lower(cursor.word(is_keyword));
    if (property.name.empty()) return malformed("a property has no name");
    if (!cursor.skip(&result.comment)) return malformed("a comment does not end");
  }
  if (!cursor.take('=')) return malformed("a property has no \"=\"");
  if (!cursor.skip(&result.comment)) return malformed("a comment does not end");
  auto value = cursor.value();
  if (!value) return malformed("a quoted string does not end");
  if (property.type.empty() && property.name == "reason" && result.properties.empty()) {
    result.reason = *std::move(value);
    return {};
  }
  property.value = *std::move(value);
  if (result.properties.size() == authentication_properties_max)
    return malformed("a result has too many properties");
  result.properties.push_back(std::move(property));
  return {};
}

std::string on_one_line(std::string_view text) {
  std::string line = message::unfold(trim_folding(text));
  std::replace(line.begin(), line.end(), '\t', ' ');
  return line;
}

// Up to the next ";" or the end.
Result<AuthenticationResult> take_result(Cursor& cursor, std::string method) {
  AuthenticationResult result;
  result.method = base::to_lower(method);
  if (cursor.take('/')) {
    if (!cursor.skip()) return malformed("a comment does not end");
    TRY(result.method_version, take_version(cursor));
    if (!cursor.skip()) return malformed("a comment does not end");
  }
  if (!cursor.take('=')) return malformed("a method has no \"=\"");
  if (!cursor.skip(&result.comment)) return malformed("a comment does not end");
  result.result = base::to_lower(cursor.word(is_keyword));
  if (result.result.empty()) return malformed("a method has no result");
  if (!cursor.skip(&result.comment)) return malformed("a comment does not end");
  for (Cursor next = cursor; !cursor.at_end() && !next.take(';'); next = cursor) {
    TRY_VOID(take_property(cursor, result));
    if (!cursor.skip(&result.comment)) return malformed("a comment does not end");
  }
  return result;
}

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (base::is_control(c)) c = '?';
  return result;
}

std::string quoted(std::string_view text) {
  const std::string clean = printable(text);
  if (!clean.empty() && std::all_of(clean.begin(), clean.end(), is_token)) return clean;
  std::string result = "\"";
  for (char c : clean) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

// A pvalue may be a bare [local-part]@domain, too.
std::string property_value(std::string_view value) {
  const size_t at = value.find('@');
  const auto is_atoms = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_token);
  };
  if (at != std::string_view::npos && at + 1 < value.size() && is_atoms(value.substr(0, at)) &&
      is_atoms(value.substr(at + 1)))
    return std::string(value);
  return quoted(value);
}

// Parentheses inside must not end it.
std::string comment_of(std::string_view text) {
  std::string result = " (";
  for (char c : printable(text)) {
    if (c == '(' || c == ')' || c == '\\') result += '\\';
    result += c;
  }
  return result + ")";
}

std::string to_text(const AuthenticationResult& result) {
  std::string text = result.method;
  if (result.method_version != 1) text += fmt::format("/{}", result.method_version);
  text += "=" + result.result;
  if (!result.comment.empty()) text += comment_of(result.comment);
  if (!result.reason.empty()) text += " reason=" + quoted(result.reason);
  for (const AuthenticationProperty& property : result.properties)
    text += fmt::format(" {}{}{}={}", property.type, property.type.empty() ? "" : ".",
                        property.name, property_value(property.value));
  return text;
}

}  // namespace

Result<AuthenticationResults> parse_authentication_results(std::string_view value) {
  if (value.size() > authentication_results_octets_max) return malformed("the field is too long");
  Cursor cursor(value);
  AuthenticationResults parsed;
  if (!cursor.skip()) return malformed("a comment does not end");
  auto id = cursor.value();
  if (!id || id->empty()) return malformed("there is no name of a server");
  parsed.authserv_id = *std::move(id);
  if (!cursor.skip()) return malformed("a comment does not end");
  Cursor next = cursor;
  if (!next.at_end() && !next.take(';')) {
    TRY(parsed.version, take_version(cursor));
    if (parsed.version != 1) return malformed("its version is not 1");
    if (!cursor.skip()) return malformed("a comment does not end");
  }
  while (cursor.take(';')) {
    const size_t begin = cursor.position();
    if (!cursor.skip()) return malformed("a comment does not end");
    if (cursor.at_end()) break;
    std::string method = cursor.word(is_keyword);
    if (method.empty()) return malformed("a result has no method");
    if (!cursor.skip()) return malformed("a comment does not end");
    if (cursor.at_end() && parsed.results.empty() && base::equals_ignoring_case(method, "none"))
      return parsed;
    if (parsed.results.size() == authentication_results_max)
      return malformed("it has too many results");
    TRY(AuthenticationResult result, take_result(cursor, std::move(method)));
    result.text = on_one_line(cursor.since(begin));
    parsed.results.push_back(std::move(result));
  }
  if (!cursor.at_end()) return malformed("octets follow where a \";\" should stand");
  if (parsed.results.empty()) return malformed("it has no results");
  return parsed;
}

std::string authentication_results_value(const AuthenticationResults& results) {
  std::string text = quoted(results.authserv_id);
  if (results.results.empty()) return text + "; none";
  for (const AuthenticationResult& result : results.results) {
    text += ";\r\n\t";
    text += to_text(result);
  }
  return text;
}

std::string authentication_results_field(const AuthenticationResults& results) {
  return fmt::format("{}: {}\r\n", field_name, authentication_results_value(results));
}

std::vector<std::string> results_of_server(const message::HeaderBlock& block,
                                           std::string_view authserv_id) {
  std::vector<std::string> texts;
  for (const message::HeaderField& field : block.fields) {
    if (!base::equals_ignoring_case(field.name, field_name)) continue;
    auto parsed = parse_authentication_results(field.value);
    if (!parsed || !base::equals_ignoring_case(parsed->authserv_id, authserv_id)) continue;
    for (AuthenticationResult& result : parsed->results) texts.push_back(std::move(result.text));
  }
  return texts;
}

}  // namespace waypost::mailauth
