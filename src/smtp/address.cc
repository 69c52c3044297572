#include "smtp/address.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "smtp/limits.h"

namespace waypost::smtp {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return failure(ErrorCode::invalid_input, std::move(message));
}

// RFC 5322 §3.2.3.
constexpr bool is_atext(char c) {
  return base::is_alnum(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool is_dot_string(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_atext(c) || c == '.'; });
}

Result<> check_octets(std::string_view text) {
  for (char c : text) {
    if (base::is_control(c)) return invalid("an address cannot contain control characters");
    if (!is_ascii(c)) return invalid("non-ASCII characters in an address need SMTPUTF8");
  }
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
  if (local_part.size() > local_part_octets_max)
    return invalid("the local part is longer than 64 octets");
  return local_part;
}

Result<> check_label(std::string_view label) {
  if (label.empty()) return invalid("the domain has an empty label: a dot too many");
  if (label.size() > label_octets_max)
    return invalid("a label of the domain is longer than 63 octets");
  if (label.front() == '-' || label.back() == '-')
    return invalid("a label of the domain starts or ends with a hyphen");
  for (char c : label)
    if (!base::is_alnum(c) && c != '-')
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
  return parse_domain(domain);
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

Result<TakenPath> take_path(std::string_view text) {
  TRY_VOID(check_octets(text));
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

Result<Mailbox> parse_mailbox(std::string_view text) {
  TRY_VOID(check_octets(text));
  TRY(Mailbox mailbox, take_mailbox(text));
  if (!text.empty()) return invalid("there is something behind the address");
  return mailbox;
}

Result<std::string> parse_domain(std::string_view text) {
  if (text.empty()) return invalid("the domain is missing");
  TRY_VOID(check_octets(text));
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
