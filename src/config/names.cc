// Host names, patterns, ids, paths and choices.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "config/values.h"
#include "toml/wording.h"

namespace waypost::config {

using toml::as_toml;
using toml::closest;
using toml::describe;
using toml::in_backquotes;
using toml::one_of;
namespace {

using Kind = Node::Kind;

constexpr size_t domain_octets_max = 253;  // RFC 1035 §2.3.4 without length octets and root
constexpr size_t label_octets_max = 63;
constexpr size_t path_octets_max = 4095;
constexpr size_t identifier_octets_max = 64;
constexpr size_t local_part_octets_max = 64;  // RFC 5321 §4.5.3.1.1
constexpr size_t login_octets_max = 255;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > label_octets_max) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  for (char c : label)
    if (!base::is_alnum(c) && c != '-') return false;
  return true;
}

bool has_only_labels(std::string_view name) {
  if (name.size() > domain_octets_max) return false;
  for (;;) {
    size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool has_high_octets(std::string_view text) {
  for (char c : text)
    if (static_cast<unsigned char>(c) >= 0x80) return true;
  return false;
}

constexpr std::string_view ascii_form =
    "write international names in their ASCII form, which begins with xn--";

// Why a text is no host name, when there is more to say than that.
std::string why_not_a_host_name(std::string_view text) {
  if (base::IpAddress::parse(text))
    return "an IP address does not do here: receivers compare this name with your DNS records";
  if (has_high_octets(text)) return std::string(ascii_form);
  if (text.find('_') != std::string_view::npos) return "a host name has no underscores";
  if (is_label(text)) return "one word is not enough: receivers want a full name with its domain";
  return {};
}

bool is_host_name(std::string_view text) {
  if (base::equals_ignoring_case(text, "localhost")) return true;
  return text.find('.') != std::string_view::npos && has_only_labels(text) &&
         !base::IpAddress::parse(text);
}

Refusal not_text(const Node& node, std::string_view what) {
  return {node.place,
          fmt::format("is {} where text belongs", describe(node.kind)),
          fmt::format("expected {} in quotes", what),
          {},
          {},
          std::nullopt};
}

bool is_type(std::string_view word) {
  static constexpr std::string_view types[] = {"A",   "AAAA", "MX",  "TXT", "CNAME",
                                               "PTR", "TLSA", "SRV", "NS",  "CAA"};
  for (std::string_view type : types)
    if (base::equals_ignoring_case(word, type)) return true;
  return false;
}

bool is_number(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes the first word off the text.
std::string_view next_word(std::string_view& text) {
  text = base::trim(text);
  size_t end = std::min(text.find_first_of(" \t"), text.size());
  std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// The address of an A or AAAA record is checked, other data is left to the resolver.
bool is_zone_line(std::string_view line) {
  std::string_view name = next_word(line);
  std::string_view word = next_word(line);
  if (is_number(word)) word = next_word(line);
  if (base::equals_ignoring_case(word, "IN")) word = next_word(line);
  std::string_view data = base::trim(line);
  if (name.empty() || !is_type(word) || data.empty()) return false;
  bool is_a = base::equals_ignoring_case(word, "A");
  bool is_aaaa = base::equals_ignoring_case(word, "AAAA");
  if (!is_a && !is_aaaa) return true;
  auto address = base::IpAddress::parse(data);
  return address && (is_a == address->is_v4());
}

bool has_control(std::string_view text) {
  for (char c : text)
    if (base::is_control(c)) return true;
  return false;
}

}  // namespace

Reader<std::string> host_name() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "a host name"));
    if (is_host_name(node.text)) return node.text;
    Refusal refusal{node.place,
                    "is not a host name",
                    "expected a full host name like \"mail.example.com\"",
                    {},
                    why_not_a_host_name(node.text),
                    std::nullopt};
    std::string_view trimmed = base::trim(node.text);
    if (trimmed.ends_with('.')) trimmed.remove_suffix(1);
    if (trimmed != node.text && is_host_name(trimmed)) refusal.instead = as_toml(trimmed);
    return refuse(std::move(refusal));
  };
}

Reader<std::string> mail_domain() {
  return [read = host_name()](const Node& node) -> Reading<std::string> {
    Reading<std::string> name = read(node);
    if (name) name = base::to_lower(*name);
    return name;
  };
}

// What stands between the scheme and the port or path of what somebody copied from a browser.
static std::string_view host_in_url(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != url.npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of(":/"));
}

Reader<std::string> web_name() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "a host name"));
    const auto is_name = [](std::string_view text) {
      return has_only_labels(text) && !base::IpAddress::parse(text);
    };
    if (is_name(node.text)) return base::to_lower(node.text);
    Refusal refusal{node.place,
                    "holds what is not a host name",
                    "expected the name alone, like \"waypost.example.com\"",
                    {},
                    {},
                    std::nullopt};
    const std::string_view host = host_in_url(node.text);
    if (base::IpAddress::parse(node.text))
      refusal.help = "addresses are answered to in any case: no page can make a browser use one";
    else if (has_high_octets(node.text))
      refusal.help = ascii_form;
    else if (host != node.text && is_name(host))
      refusal.instead = as_toml(host);
    else if (host.starts_with("*."))
      refusal.help = "write each name out: another one below it may belong to somebody else";
    return refuse(std::move(refusal));
  };
}

static bool is_local_part(std::string_view text) {
  const auto may_stand = [](char c) {
    return base::is_alnum(c) || std::string_view("._+-=&'").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= local_part_octets_max &&
         std::all_of(text.begin(), text.end(), may_stand);
}

Reader<std::string> mail_address() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "an address"));
    const size_t at = std::min(node.text.find('@'), node.text.size());
    const std::string_view text = node.text;
    if (is_local_part(text.substr(0, at)) && at < text.size() && is_host_name(text.substr(at + 1)))
      return node.text;
    return refuse({node.place,
                   "is not an address",
                   "expected one like \"postmaster@example.com\"",
                   {},
                   "only the address itself stands here, without a name or <>",
                   std::nullopt});
  };
}

Reader<std::string> local_part() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "the part in front of the @"));
    if (is_local_part(node.text) || node.text == "*") return base::to_lower(node.text);
    return refuse({node.place,
                   "is not the part in front of the @ of an address",
                   "expected a name like \"abuse\", or \"*\" for all",
                   {},
                   "the domains stand under `domains`",
                   std::nullopt});
  };
}

Reader<std::string> site_pattern() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "a domain"));
    std::string_view domain = node.text;
    if (domain.starts_with("*.")) domain.remove_prefix(2);
    if (is_host_name(domain) || (domain != node.text && is_label(domain)))
      return base::to_lower(node.text);
    Refusal refusal{node.place,
                    "holds what is not a domain",
                    "expected a domain like \"gmail.com\", or \"*.google.com\" for all names below",
                    {},
                    {},
                    std::nullopt};
    if (has_high_octets(domain)) refusal.help = ascii_form;
    std::string_view bare = domain.substr(domain.rfind('@') + 1);
    if (bare.starts_with('.'))
      refusal.instead = as_toml(fmt::format("*{}", bare));
    else if (bare != domain && is_host_name(bare))
      refusal.instead = as_toml(bare);
    return refuse(std::move(refusal));
  };
}

Reader<std::string> route_pattern() {
  return [every = std::string("*")](const Node& node) -> Reading<std::string> {
    if (node.kind == Kind::text && node.text == every) return every;
    return site_pattern()(node);
  };
}

Reader<std::string> login_name() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "a login name"));
    bool fits =
        !node.text.empty() && node.text.size() <= login_octets_max && !has_control(node.text);
    if (fits) return node.text;
    return refuse({node.place,
                   "is not a login name",
                   "expected 1 to 255 octets of text",
                   {},
                   "the password has its own file, `secret_file`",
                   std::nullopt});
  };
}

// %x21 / %x23-5B / %x5D-7E: what stands unescaped between the quotes of a challenge.
Reader<std::string> scope_token() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "a scope"));
    bool fits = !node.text.empty() && node.text.size() <= login_octets_max;
    for (char c : node.text) fits = fits && c > ' ' && c < 0x7f && c != '"' && c != '\\';
    if (fits) return node.text;
    return refuse({node.place,
                   "is not one scope",
                   "expected 1 to 255 printable ASCII characters, no spaces, \" or \\",
                   {},
                   "a token has several scopes; name the one that lets it send mail",
                   std::nullopt});
  };
}

Reader<std::string> identifier() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "a short name"));
    bool fits = !node.text.empty() && node.text.size() <= identifier_octets_max;
    for (char c : node.text)
      fits =
          fits && (base::is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.');
    if (fits) return node.text;
    return refuse({node.place,
                   "is not a short name",
                   "expected 1 to 64 lower-case letters, digits, `-`, `_` or `.`",
                   {},
                   "reports and logs name the rule by it",
                   std::nullopt});
  };
}

Reader<PoolShare> pool_share() {
  constexpr unsigned weight_max = 1000;
  return [](const Node& node) -> Reading<PoolShare> {
    if (node.kind != Kind::text) return refuse(not_text(node, "the id of a source"));
    size_t colon = std::min(node.text.find(':'), node.text.size());
    Node id = node;
    id.text.resize(colon);
    Reading<std::string> source = identifier()(id);
    std::string_view digits =
        std::string_view(node.text).substr(std::min(colon + 1, node.text.size()));
    unsigned weight = 1;
    if (colon < node.text.size()) {
      auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), weight);
      if (status != std::errc() || end != digits.data() + digits.size()) weight = 0;
    }
    if (source && weight >= 1 && weight <= weight_max) return PoolShare{*source, weight};
    return refuse({node.place,
                   "holds what is not a source",
                   "expected the id of a [[source]], perhaps with a weight of 1 to 1000, like "
                   "\"out1\" or \"out1:3\"",
                   {},
                   {},
                   std::nullopt});
  };
}

Reader<std::string> path() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "a path"));
    bool fits = node.text.starts_with('/') && node.text.size() <= path_octets_max &&
                !has_control(node.text);
    if (fits) return node.text;
    return refuse({node.place,
                   "is not an absolute path",
                   "expected a path that begins with /",
                   {},
                   "a relative path would depend on the folder in which Waypost was started",
                   std::nullopt});
  };
}

Reader<std::string> zone_line() {
  return [](const Node& node) -> Reading<std::string> {
    if (node.kind != Kind::text) return refuse(not_text(node, "a DNS record"));
    if (!has_control(node.text) && is_zone_line(node.text)) return node.text;
    return refuse({node.place,
                   "holds what is not a DNS record",
                   "expected a zone-file line like \"mx.example. 60 IN A 192.0.2.1\"",
                   {},
                   "the types are A, AAAA, MX, TXT, CNAME, PTR, TLSA, SRV, NS and CAA",
                   std::nullopt});
  };
}

Reading<size_t> choose(const Node& node, const std::vector<std::string_view>& names) {
  if (node.kind == Kind::text)
    for (size_t i = 0; i < names.size(); ++i)
      if (node.text == names[i]) return i;
  Refusal refusal{node.place,
                  node.kind == Kind::text ? fmt::format("cannot be {}", in_backquotes(node.text))
                                          : fmt::format("cannot be {}", describe(node.kind)),
                  fmt::format("expected {}", one_of(names)),
                  {},
                  {},
                  std::nullopt};
  std::string written = node.text;
  if (node.kind == Kind::real) written = fmt::format("{}", node.real);
  refusal.did_you_mean = closest(written, names);
  if (refusal.did_you_mean) refusal.instead = as_toml(*refusal.did_you_mean);
  return refuse(std::move(refusal));
}

Refusal not_a_list(const Node& node) {
  Refusal refusal{node.place,
                  fmt::format("is {} where a list belongs", describe(node.kind)),
                  "expected a list in square brackets",
                  {},
                  {},
                  std::nullopt};
  if (node.kind == Kind::text) refusal.instead = fmt::format("[{}]", as_toml(node.text));
  return refusal;
}

}  // namespace waypost::config
