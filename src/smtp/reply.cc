#include "smtp/reply.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/check.h"
#include "smtp/limits.h"

namespace waypost::smtp {
namespace {

// A subject or detail: one to three digits without a leading zero. Shortens `text` by it.
std::optional<int> take_number(std::string_view& text) {
  size_t digits = 0;
  int value = 0;
  while (digits < text.size() && digits < 3 && base::is_digit(text[digits]))
    value = value * 10 + (text[digits++] - '0');
  if (digits == 0 || (digits > 1 && text.front() == '0')) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

// The enhanced code at the start of a reply line, and the text behind it.
std::optional<std::pair<EnhancedCode, std::string_view>> split_enhanced(std::string_view text) {
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  const auto code = EnhancedCode::parse(text.substr(0, end));
  if (!code) return std::nullopt;
  return std::pair(*code, base::trim(text.substr(end)));
}

std::string printable(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '\t', ' ');
  return base::escape_control(spaced);
}

// For our own error messages: enough of a bad line to recognise it.
std::string excerpt(std::string_view line) {
  constexpr size_t excerpt_octets_max = 80;
  std::string text = base::escape_control(line.substr(0, excerpt_octets_max));
  if (line.size() > excerpt_octets_max) text += "...";
  return "\"" + text + "\"";
}

tl::unexpected<Error> broken(std::string message) {
  return failure(ErrorCode::protocol, std::move(message));
}

// Takes what fits on one line of `octets_max` octets off `text`, up to a space where there is one.
std::string_view take_wrapped(std::string_view& text, size_t octets_max) {
  size_t end = text.size();
  if (end > octets_max) {
    end = text.rfind(' ', octets_max);
    if (end == std::string_view::npos || end == 0) end = octets_max;
  }
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return taken;
}

Reply make(int code, std::optional<EnhancedCode> enhanced, std::string_view text) {
  Reply made{code, enhanced, {}};
  for (;;) {
    const size_t end = text.find('\n');
    made.lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return made;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<size_t> ReplyReader::feed(std::string_view octets) {
  if (broken_) return failure(*broken_);
  size_t consumed = 0;
  while (!complete_ && consumed < octets.size()) {
    const std::string_view rest = octets.substr(consumed);
    const size_t line_end = rest.find('\n');
    const bool line_ends = line_end != std::string_view::npos;
    const std::string_view piece = rest.substr(0, line_end);
    consumed += piece.size() + (line_ends ? 1 : 0);
    reply_octets_ += piece.size() + (line_ends ? 1 : 0);
    if (const auto added = add_piece(piece, line_ends); !added) {
      broken_ = added.error();
      return failure(*broken_);
    }
  }
  return consumed;
}

Result<> ReplyReader::add_piece(std::string_view piece, bool line_ends) {
  // One octet more than a line may have: it can be the CR.
  if (partial_line_.size() + piece.size() > reply_line_octets_accepted + 1)
    return broken("a reply line is longer than 4096 octets");
  if (line_ends && partial_line_.empty()) return add_line(piece);
  partial_line_ += piece;
  if (!line_ends) return {};
  const std::string line = std::exchange(partial_line_, {});
  return add_line(line);
}

Result<> ReplyReader::add_line(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > reply_line_octets_accepted)
    return broken("a reply line is longer than 4096 octets");
  if (reply_octets_ > reply_octets_accepted) return broken("a reply is longer than 64 KiB");
  if (reply_.lines.size() >= reply_lines_accepted) return broken("a reply has more than 256 lines");
  if (line.find('\0') != std::string_view::npos)
    return broken("a reply line contains NUL: " + excerpt(line));

  const bool has_code = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' &&
                        base::is_digit(line[1]) && base::is_digit(line[2]) &&
                        (line.size() == 3 || line[3] == ' ' || line[3] == '-');
  if (!has_code) return broken("expected a reply line with a code, got " + excerpt(line));

  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (!reply_.lines.empty() && code != reply_.code)
    return broken("the code changes from " + std::to_string(reply_.code) + " to " +
                  std::to_string(code) + " within one reply");
  reply_.code = code;
  add_text(line.substr(std::min<size_t>(line.size(), 4)));
  complete_ = line.size() == 3 || line[3] == ' ';
  return {};
}

void ReplyReader::add_text(std::string_view text) {
  if (const auto split = split_enhanced(text)) {
    const auto& [enhanced, behind] = *split;
    if (!reply_.enhanced && enhanced.kind == reply_.code / 100) reply_.enhanced = enhanced;
    if (reply_.enhanced == enhanced) text = behind;
  }
  reply_.lines.push_back(printable(text));
}

Reply ReplyReader::take() {
  CHECK(complete_);
  complete_ = false;
  reply_octets_ = 0;
  return std::exchange(reply_, Reply{});
}

std::string Reply::text() const {
  std::string out = std::to_string(code);
  if (enhanced) out += ' ' + enhanced->text();
  for (const std::string& line : lines)
    if (!line.empty()) out += ' ' + line;
  return out;
}

void Reply::append_wire(std::string& out) const {
  const std::string digits = std::to_string(code);
  const std::string prefix = enhanced ? enhanced->text() : "";
  const size_t text_octets_max =
      reply_line_octets_max - digits.size() - prefix.size() - std::string_view("- \r\n").size();

  const auto append_line = [&](std::string_view text, bool last) {
    out += digits;
    out += last ? ' ' : '-';
    out += prefix;
    if (enhanced && !text.empty()) out += ' ';
    out += text;
    out += "\r\n";
  };

  if (lines.empty()) append_line("", true);
  for (size_t index = 0; index < lines.size(); ++index) {
    const std::string escaped = printable(lines[index]);
    std::string_view rest = escaped;
    do {
      const std::string_view fits = take_wrapped(rest, text_octets_max);
      append_line(fits, rest.empty() && index + 1 == lines.size());
    } while (!rest.empty());
  }
}

std::string EnhancedCode::text() const {
  return std::to_string(kind) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
}

std::optional<EnhancedCode> EnhancedCode::parse(std::string_view text) {
  EnhancedCode code;
  if (text.empty() || (text[0] != '2' && text[0] != '4' && text[0] != '5')) return std::nullopt;
  code.kind = text[0] - '0';
  text.remove_prefix(1);
  for (int* part : {&code.subject, &code.detail}) {
    if (!take_dot(text)) return std::nullopt;
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    *part = *number;
  }
  if (!text.empty()) return std::nullopt;
  return code;
}

Reply reply(int code, EnhancedCode enhanced, std::string text) {
  return make(code, enhanced, text);
}
Reply reply(int code, std::string text) { return make(code, std::nullopt, text); }

}  // namespace waypost::smtp
