#include "smtp/address.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "base/utf8.h"
#include "smtp/limits.h"

namespace waypost::smtp {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return failure(ErrorCode::invalid_input, std::move(message));
}

constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_ascii(c); });
}

// RFC 5322 §3.2.3, and RFC 6531 §3.3: check_octets() has seen to it that what is not ASCII may be.
constexpr bool is_atext(char c) {
  return base::is_alnum(c) || !is_ascii(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_atext(c) || c == '.'; });
}

constexpr bool is_between(char c, unsigned char low, unsigned char high) {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= low && octet <= high;
}

// Whether UTF-8 starts with a character that shows nothing and changes how the rest is shown: a
// control of U+0080 to U+009F, a line separator, a mark of direction.
bool starts_with_invisible(std::string_view utf8) {
  if (utf8.size() < 2) return false;
  if (utf8[0] == '\xc2') return is_between(utf8[1], 0x80, 0x9f);
  if (utf8.starts_with("\xd8\x9c")) return true;  // U+061C
  if (utf8.size() < 3) return false;
  if (utf8.starts_with("\xe2\x80"))  // U+200E, U+200F, U+2028 to U+202E
    return is_between(utf8[2], 0x8e, 0x8f) || is_between(utf8[2], 0xa8, 0xae);
  return utf8.starts_with("\xe2\x81") && is_between(utf8[2], 0xa6, 0xa9);  // U+2066 to U+2069
}

Result<> check_octets(std::string_view text, Characters characters) {
  if (std::any_of(text.begin(), text.end(), base::is_control))
    return invalid("an address cannot contain control characters");
  if (is_ascii(text)) return {};
  if (characters == Characters::ascii)
    return invalid("non-ASCII characters in an address need SMTPUTF8");
  if (!base::is_utf8(text)) return invalid("the address is not UTF-8");
  for (size_t at = 0; at < text.size(); ++at)
    if (starts_with_invisible(text.substr(at)))
      return invalid("an address cannot contain control characters or marks of direction");
  return {};
}

// Takes a quoted string off `text` and decodes it; `text` starts with the opening quote.
Result<std::string> take_quoted(std::string_view& text) {
  std::string decoded;
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return decoded;
    }
    if (text[at] == '\\' && ++at == text.size()) break;
    decoded += text[at];
  }
  return invalid("the quoted local part has no closing quote");
}

Result<std::string> take_local_part(std::string_view& text) {
  std::string local_part;
  if (text.starts_with('"')) {
    TRY(local_part, take_quoted(text));
  } else {
    const auto end =
        std::find_if_not(text.begin(), text.end(), [](char c) { return is_atext(c) || c == '.'; });
    local_part = text.substr(0, size_t(end - text.begin()));
    text.remove_prefix(local_part.size());
    if (local_part.empty()) return invalid("there is no local part in front of the @");
    if (!is_dot_string(local_part))
      return invalid("the local part has a dot at its start, its end or beside another dot");
  }
  return local_part;
}

Result<> check_label(std::string_view label) {
  if (label.empty()) return invalid("the domain has an empty label: a dot too many");
  // A U-label is shorter in characters than its A-label, which is what has the limit.
  const auto characters =
      std::count_if(label.begin(), label.end(), [](char c) { return !is_between(c, 0x80, 0xbf); });
  if (size_t(characters) > label_octets_max)
    return invalid("a label of the domain is longer than 63 octets");
  if (label.front() == '-' || label.back() == '-')
    return invalid("a label of the domain starts or ends with a hyphen");
  for (char c : label)
    if (!base::is_alnum(c) && c != '-' && is_ascii(c))
      return invalid("the domain may contain letters, digits, hyphens and dots only");
  return {};
}

Result<std::string> parse_literal(std::string_view text) {
  static constexpr std::string_view tag = "IPv6:";
  if (!text.ends_with(']')) return invalid("the address literal has no closing bracket");
  std::string_view inner = text.substr(1, text.size() - 2);
  const bool tagged = base::starts_with_ignoring_case(inner, tag);
  if (tagged) inner.remove_prefix(tag.size());
  const auto address = IpAddress::parse(inner);
  const bool has_colon = inner.find(':') != std::string_view::npos;
  if (!address || has_colon != tagged)
    return invalid("the address literal is neither [192.0.2.1] nor [IPv6:2001:db8::1]");
  return (address->is_v4() ? "[" : "[IPv6:") + address->text() + "]";
}

// The domain after an @ ends where the path, the route or the text does.
Result<std::string> take_domain(std::string_view& text) {
  size_t end = text.find_first_of(text.starts_with('[') ? "]" : ",:> ");
  if (end == std::string_view::npos) end = text.size();
  if (end < text.size() && text[end] == ']') ++end;
  const std::string_view domain = text.substr(0, end);
  text.remove_prefix(end);
  return parse_domain(domain, Characters::utf8);
}

Result<Mailbox> take_mailbox(std::string_view& text) {
  Mailbox mailbox;
  TRY(mailbox.local_part, take_local_part(text));
  if (!text.starts_with('@')) return invalid("expected local-part@domain");
  text.remove_prefix(1);
  TRY(mailbox.domain, take_domain(text));
  if (mailbox.text().size() + std::string_view("<>").size() > path_octets_max)
    return invalid("the address is longer than 254 octets");
  return mailbox;
}

// "@a.example,@b.example:" in front of the mailbox.
Result<> skip_source_route(std::string_view& text) {
  while (text.starts_with('@')) {
    text.remove_prefix(1);
    TRY_VOID(take_domain(text));
    const bool last = text.starts_with(':');
    if (!last && !text.starts_with(",@")) return invalid("the source route has no end: expected :");
    text.remove_prefix(1);
    if (last) break;
  }
  return {};
}

bool is_postmaster(std::string_view text) {
  return base::starts_with_ignoring_case(text, "postmaster>");
}

}  // namespace

bool is_address_text(std::string_view text) {
  return check_octets(text, Characters::utf8).has_value();
}

Result<TakenPath> take_path(std::string_view text, Characters characters) {
  TRY_VOID(check_octets(text, characters));
  if (!text.starts_with('<')) return invalid("expected an address in angle brackets");
  text.remove_prefix(1);
  TakenPath path;
  if (is_postmaster(text)) {
    path.mailbox = Mailbox{"postmaster", ""};
    text.remove_prefix(std::string_view("postmaster").size());
  } else if (!text.starts_with('>')) {
    TRY_VOID(skip_source_route(text));
    TRY(path.mailbox, take_mailbox(text));
  }
  if (!text.starts_with('>')) return invalid("expected > behind the address");
  path.rest = text.substr(1);
  return path;
}

Result<Mailbox> parse_mailbox(std::string_view text, Characters characters) {
  TRY_VOID(check_octets(text, characters));
  TRY(Mailbox mailbox, take_mailbox(text));
  if (!text.empty()) return invalid("there is something behind the address");
  return mailbox;
}

Result<std::string> parse_domain(std::string_view text, Characters characters) {
  if (text.empty()) return invalid("the domain is missing");
  TRY_VOID(check_octets(text, characters));
  if (text.starts_with('[')) return parse_literal(text);
  if (text.size() > domain_octets_max) return invalid("the domain is longer than 255 octets");
  if (base::is_digit(text.back()) && IpAddress::parse(text))
    return invalid("an IP address in place of a domain stands in brackets: [192.0.2.1]");
  std::string_view rest = text;
  for (;;) {
    const size_t dot = rest.find('.');
    TRY_VOID(check_label(rest.substr(0, dot)));
    if (dot == std::string_view::npos) return base::to_lower(text);
    rest.remove_prefix(dot + 1);
  }
}

bool Mailbox::is_ascii() const { return smtp::is_ascii(local_part) && smtp::is_ascii(domain); }

std::string Mailbox::text() const {
  std::string out;
  if (is_dot_string(local_part)) {
    out = local_part;
  } else {
    out += '"';
    for (char c : local_part) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  if (!domain.empty()) out += '@' + domain;
  return out;
}

}  // namespace waypost::smtp
