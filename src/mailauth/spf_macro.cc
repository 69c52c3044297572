#include "mailauth/spf_macro.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::mailauth {
namespace {

constexpr size_t expansion_octets_max = 65'536;
constexpr size_t name_octets_max = 253;
// No name has more labels; a larger number means all of them.
constexpr unsigned parts_max = 255;

constexpr std::string_view record_letters = "slodiphv";
constexpr std::string_view explanation_letters = "slodiphvcrt";
constexpr std::string_view delimiter_characters = ".-+,/_=";

tl::unexpected<Error> wrong(std::string message) {
  return failure(ErrorCode::invalid_input, std::move(message));
}

// RFC 3986 §2.3.
bool is_unreserved(char c) {
  return base::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string url_escape(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (is_unreserved(c))
      escaped += c;
    else
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

// IPv4 as it is written, IPv6 as 32 digits with dots between them.
std::string dotted(const IpAddress& ip) {
  if (ip.is_v4()) return ip.text();
  std::string text;
  for (char octet : ip.octets()) {
    const auto value = static_cast<unsigned char>(octet);
    text += fmt::format("{}{:X}.{:X}", text.empty() ? "" : ".", value >> 4, value & 15);
  }
  return text;
}

bool is_top_label(std::string_view label) {
  const auto allowed = [](char c) { return base::is_alnum(c) || c == '-'; };
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  // All digits would be the end of an address.
  return std::all_of(label.begin(), label.end(), allowed) &&
         !std::all_of(label.begin(), label.end(), base::is_digit);
}

}  // namespace

Result<MacroString::Macro> MacroString::parse_macro(std::string_view inside, Place place) {
  if (inside.empty()) return wrong("\"%{}\" names no macro");
  Macro macro;
  macro.letter = base::to_lower(inside.front());
  macro.url_escaped = macro.letter != inside.front();
  const bool is_record = place == Place::record;
  if (explanation_letters.find(macro.letter) == std::string_view::npos)
    return wrong(fmt::format("there is no macro \"%{{{}}}\"", base::escape_control(inside)));
  if (is_record && record_letters.find(macro.letter) == std::string_view::npos)
    return wrong(fmt::format("the macro letter \"{}\" is for explanations only", macro.letter));
  std::string_view rest = inside.substr(1);
  bool has_digits = false;
  for (; !rest.empty() && base::is_digit(rest.front()); rest.remove_prefix(1)) {
    macro.parts = std::min(macro.parts * 10 + static_cast<unsigned>(rest.front() - '0'), parts_max);
    has_digits = true;
  }
  if (has_digits && macro.parts == 0)
    return wrong(fmt::format("\"%{{{}}}\" keeps no part: the number must not be 0", inside));
  if (!rest.empty() && base::to_lower(rest.front()) == 'r') {
    macro.reversed = true;
    rest.remove_prefix(1);
  }
  for (char c : rest) {
    if (delimiter_characters.find(c) == std::string_view::npos)
      return wrong(fmt::format("\"%{{{}}}\" has \"{}\" where only one of {} may stand",
                               base::escape_control(inside), base::escape_control({&c, 1}),
                               delimiter_characters));
  }
  macro.delimiters = rest;
  return macro;
}

Result<MacroString> MacroString::parse(std::string_view text, Place place) {
  MacroString parsed;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) parsed.pieces_.emplace_back(std::exchange(literal, {}));
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // Explanations may hold spaces, too: RFC 7208 §6.2.
    const bool visible = c > 0x20 && c < 0x7f;
    if (!visible && !(c == ' ' && place == Place::explanation))
      return wrong(fmt::format("\"{}\" is no visible ASCII character",
                               base::escape_control(text.substr(i, 1))));
    parsed.ends_in_macro_ = c == '%';
    if (c != '%') {
      literal += c;
      continue;
    }
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    ++i;
    if (next == '%') {
      literal += '%';
    } else if (next == '_') {
      literal += ' ';
    } else if (next == '-') {
      literal += "%20";
    } else if (next == '{') {
      const size_t close = text.find('}', i);
      if (close == std::string_view::npos) return wrong("a macro \"%{\" has no closing \"}\"");
      TRY(Macro macro, parse_macro(text.substr(i + 1, close - i - 1), place));
      end_literal();
      parsed.pieces_.emplace_back(std::move(macro));
      i = close;
    } else {
      return wrong("a \"%\" starts no macro: a percent sign is written \"%%\"");
    }
  }
  end_literal();
  return parsed;
}

bool MacroString::needs_validated_name() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    const auto* macro = std::get_if<Macro>(&piece);
    return macro && macro->letter == 'p';
  });
}

bool MacroString::depends_on_message() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    const auto* macro = std::get_if<Macro>(&piece);
    return macro && macro->letter != 'd';
  });
}

std::string MacroString::value_of(const Macro& macro, const MacroValues& values) {
  switch (macro.letter) {
    case 's':
      return values.local_part + "@" + values.sender_domain;
    case 'l':
      return values.local_part;
    case 'o':
      return values.sender_domain;
    case 'i':
      return dotted(values.ip);
    case 'p':
      return values.validated;
    case 'h':
      return values.helo;
    case 'c':
      return values.ip.text();
    case 'r':
      return values.receiver;
    case 't':
      return fmt::format(
          "{}",
          std::chrono::duration_cast<std::chrono::seconds>(values.now.time_since_epoch()).count());
    case 'v':
      return values.ip.is_v4() ? "in-addr" : "ip6";
    default:
      return values.domain;
  }
}

std::string MacroString::expand(const Macro& macro, const MacroValues& values) {
  std::string text = value_of(macro, values);
  if (macro.parts > 0 || macro.reversed || !macro.delimiters.empty()) {
    const std::string_view delimiters =
        macro.delimiters.empty() ? std::string_view(".") : macro.delimiters;
    std::vector<std::string> parts(1);
    for (char c : text) {
      if (delimiters.find(c) != std::string_view::npos)
        parts.emplace_back();
      else
        parts.back() += c;
    }
    if (macro.reversed) std::reverse(parts.begin(), parts.end());
    const size_t kept =
        macro.parts == 0 ? parts.size() : std::min<size_t>(macro.parts, parts.size());
    text.clear();
    for (size_t i = parts.size() - kept; i < parts.size(); ++i) {
      if (!text.empty() || i > parts.size() - kept) text += '.';
      text += parts[i];
    }
  }
  return macro.url_escaped ? url_escape(text) : text;
}

std::string MacroString::expand(const MacroValues& values) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece))
      text += *literal;
    else
      text += expand(std::get<Macro>(piece), values);
    if (text.size() > expansion_octets_max) return {};
  }
  return text;
}

std::string MacroString::expand_domain(const MacroValues& values) const {
  const std::string expanded = expand(values);
  std::string_view name = expanded;
  if (name.ends_with('.')) name.remove_suffix(1);
  while (name.size() > name_octets_max) {
    const size_t dot = name.find('.');
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  return base::to_lower(name);
}

bool MacroString::ends_as_domain() const {
  if (pieces_.empty() || ends_in_macro_) return ends_in_macro_;
  std::string_view end = std::get<std::string>(pieces_.back());
  if (end.ends_with('.')) end.remove_suffix(1);
  const size_t dot = end.rfind('.');
  return dot != std::string_view::npos && is_top_label(end.substr(dot + 1));
}

std::string escape_labels(std::string_view name) {
  std::string escaped;
  for (char c : name) {
    if (base::is_alnum(c) || c == '-' || c == '_' || c == '.')
      escaped += base::to_lower(c);
    else
      escaped += fmt::format("\\{:03}", static_cast<unsigned char>(c));
  }
  return escaped;
}

}  // namespace waypost::mailauth
