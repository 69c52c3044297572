#include "mailauth/spf_record.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::mailauth {
namespace {

constexpr std::string_view version = "v=spf1";

struct MechanismName {
  std::string_view name;
  SpfMechanism mechanism;
};
constexpr MechanismName mechanism_names[] = {
    {"all", SpfMechanism::all}, {"include", SpfMechanism::include}, {"a", SpfMechanism::a},
    {"mx", SpfMechanism::mx},   {"ptr", SpfMechanism::ptr},         {"ip4", SpfMechanism::ip4},
    {"ip6", SpfMechanism::ip6}, {"exists", SpfMechanism::exists},
};

// What other programs call these, and what people write by mistake.
struct Mistake {
  std::string_view written;
  std::string_view meant;
};
constexpr Mistake mistakes[] = {
    {"ip", "ip4:"},
    {"ipv4", "ip4:"},
    {"ipv6", "ip6:"},
    {"txt", "include:"},
    {"spf", "include:"},
    {"includes", "include:"},
    {"cname", "a:"},
    {"aaaa", "a:"},
    {"aall", "all"},
    {"al", "all"},
    {"redirect", "redirect="},
};

tl::unexpected<Error> wrong(std::string_view term, std::string_view what) {
  return failure(ErrorCode::invalid_input,
                 fmt::format("\"{}\": {}", base::escape_control(term), what));
}

std::string unknown_term(std::string_view name) {
  for (const Mistake& mistake : mistakes) {
    if (base::equals_ignoring_case(mistake.written, name))
      return fmt::format("SPF has no mechanism \"{}\"; perhaps \"{}\" was meant", name,
                         mistake.meant);
  }
  return fmt::format("SPF has no mechanism \"{}\"", base::escape_control(name));
}

// "0" or a number without leading zeros, at most `most`.
std::optional<unsigned> parse_bits(std::string_view text, unsigned most) {
  if (text.empty() || text.size() > 3 || (text.front() == '0' && text.size() > 1))
    return std::nullopt;
  unsigned bits = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (status != std::errc() || end != text.data() + text.size() || bits > most) return std::nullopt;
  return bits;
}

Result<MacroString> parse_domain_spec(std::string_view term, std::string_view text) {
  if (text.empty()) return wrong(term, "a domain is missing");
  auto domain = MacroString::parse(text, MacroString::Place::record);
  if (!domain) return wrong(term, domain.error().message());
  if (!domain->ends_as_domain())
    return wrong(term, "what should be a domain has no dot and top-level name at its end");
  return domain;
}

// Takes "SLASHES" and a number off the end of `text`, when it ends so.
std::optional<std::string_view> take_number(std::string_view& text, std::string_view slashes) {
  const size_t last = text.find_last_not_of("0123456789");
  if (last == std::string_view::npos || last + 1 == text.size()) return std::nullopt;
  if (!text.substr(0, last + 1).ends_with(slashes)) return std::nullopt;
  const std::string_view digits = text.substr(last + 1);
  text = text.substr(0, last + 1 - slashes.size());
  return digits;
}

// Takes "/24", "//64" or "/24//64" off the end of `text`.
Result<void> take_prefix_lengths(std::string_view& text, SpfDirective& directive) {
  if (auto digits = take_number(text, "//")) {
    auto bits = parse_bits(*digits, 128);
    if (!bits) return wrong(directive.text, "an IPv6 prefix length is 0 to 128");
    directive.v6_bits = *bits;
  }
  if (auto digits = take_number(text, "/")) {
    auto bits = parse_bits(*digits, 32);
    if (!bits) return wrong(directive.text, "an IPv4 prefix length is 0 to 32");
    directive.v4_bits = *bits;
  }
  return {};
}

Result<Network> parse_network(std::string_view term, std::string_view text, bool v4) {
  const std::string_view kind = v4 ? "an IPv4 network like 192.0.2.0/24"
                                   : "an IPv6 network like "
                                     "2001:db8::/32";
  const size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  auto address = IpAddress::parse(address_text);
  const bool has_colon = address_text.find(':') != std::string_view::npos;
  if (!address || has_colon == v4) return wrong(term, fmt::format("this is not {}", kind));
  unsigned bits = v4 ? 32 : 128;
  if (slash != std::string_view::npos) {
    auto given = parse_bits(text.substr(slash + 1), bits);
    if (!given) return wrong(term, fmt::format("the prefix length is 0 to {}", bits));
    bits = *given;
  }
  AddressNumber number = to_number(*address);
  // IpAddress keeps "::ffff:192.0.2.1" as IPv4, but it is the IPv6 network that was meant.
  if (!v4 && address->is_v4()) number |= AddressNumber(0xffff) << 32;
  return network_around(number, v4, bits);
}

// What stands behind the name of a mechanism: "", ":domain", "/24" or both.
Result<void> parse_argument(std::string_view argument, SpfDirective& directive) {
  const bool has_colon = argument.starts_with(':');
  switch (directive.mechanism) {
    case SpfMechanism::all:
      if (!argument.empty()) return wrong(directive.text, "\"all\" takes no argument");
      return {};
    case SpfMechanism::ip4:
    case SpfMechanism::ip6: {
      if (!has_colon) return wrong(directive.text, "a network is missing");
      const bool v4 = directive.mechanism == SpfMechanism::ip4;
      TRY(directive.network, parse_network(directive.text, argument.substr(1), v4));
      return {};
    }
    case SpfMechanism::include:
    case SpfMechanism::exists: {
      TRY(directive.target, parse_domain_spec(directive.text, has_colon ? argument.substr(1) : ""));
      return {};
    }
    case SpfMechanism::a:
    case SpfMechanism::mx:
      TRY_VOID(take_prefix_lengths(argument, directive));
      break;
    case SpfMechanism::ptr:
      break;
  }
  if (argument.empty()) return {};
  if (!has_colon) return wrong(directive.text, "only \":\" or \"/\" may stand behind the name");
  TRY(directive.target, parse_domain_spec(directive.text, argument.substr(1)));
  return {};
}

Result<SpfDirective> parse_directive(std::string_view term) {
  SpfDirective directive;
  directive.text = term;
  std::string_view rest = term;
  static constexpr std::string_view qualifiers = "+-~?";
  static constexpr SpfResult results[] = {SpfResult::pass, SpfResult::fail, SpfResult::softfail,
                                          SpfResult::neutral};
  if (size_t at = qualifiers.find(rest.front()); at != std::string_view::npos) {
    directive.qualifier = results[at];
    rest.remove_prefix(1);
  }
  const std::string_view written = rest.substr(0, rest.find_first_of(":/"));
  for (const MechanismName& known : mechanism_names) {
    if (!base::equals_ignoring_case(known.name, written)) continue;
    directive.mechanism = known.mechanism;
    TRY_VOID(parse_argument(rest.substr(written.size()), directive));
    return directive;
  }
  return wrong(term, unknown_term(written));
}

bool is_modifier_name(std::string_view text) {
  return !text.empty() && base::is_alpha(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return base::is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

Result<void> parse_modifier(std::string_view term, size_t equals, SpfRecord& record) {
  const std::string_view name = term.substr(0, equals);
  const std::string_view value = term.substr(equals + 1);
  const bool is_redirect = base::equals_ignoring_case(name, "redirect");
  if (is_redirect || base::equals_ignoring_case(name, "exp")) {
    auto& modifier = is_redirect ? record.redirect : record.explanation;
    if (modifier) return wrong(term, fmt::format("\"{}=\" may stand only once", name));
    TRY(MacroString target, parse_domain_spec(term, value));
    modifier = SpfModifier{std::string(term), std::move(target)};
    return {};
  }
  auto text = MacroString::parse(value, MacroString::Place::explanation);
  if (!text) return wrong(term, text.error().message());
  record.unknown_modifiers.emplace_back(term);
  return {};
}

Result<void> parse_term(std::string_view term, SpfRecord& record) {
  const size_t equals = term.find('=');
  if (equals != std::string_view::npos && is_modifier_name(term.substr(0, equals)))
    return parse_modifier(term, equals, record);
  TRY(SpfDirective directive, parse_directive(term));
  record.directives.push_back(std::move(directive));
  return {};
}

}  // namespace

std::string_view name(SpfResult result) {
  static constexpr std::string_view names[] = {"none",     "neutral",   "pass",     "fail",
                                               "softfail", "temperror", "permerror"};
  return names[static_cast<size_t>(result)];
}

std::string_view name(SpfMechanism mechanism) {
  return mechanism_names[static_cast<size_t>(mechanism)].name;
}

bool costs_lookup(SpfMechanism mechanism) {
  return mechanism != SpfMechanism::all && mechanism != SpfMechanism::ip4 &&
         mechanism != SpfMechanism::ip6;
}

const SpfDirective* SpfRecord::all() const {
  for (const SpfDirective& directive : directives)
    if (directive.mechanism == SpfMechanism::all) return &directive;
  return nullptr;
}

bool is_spf_record(std::string_view text) {
  return base::starts_with_ignoring_case(text, version) &&
         (text.size() == version.size() || text[version.size()] == ' ');
}

SpfTerms parse_spf_terms(std::string_view text) {
  SpfTerms parsed;
  if (!is_spf_record(text)) {
    parsed.faults.emplace_back("an SPF record starts with \"v=spf1\" and a space");
    return parsed;
  }
  std::string_view rest = text.substr(version.size());
  while (!rest.empty() && parsed.faults.size() < spf_faults_max) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) {
      auto term = parse_term(rest.substr(0, end), parsed.record);
      if (!term) parsed.faults.push_back(term.error().message());
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return parsed;
}

Result<SpfRecord> parse_spf_record(std::string_view text) {
  SpfTerms parsed = parse_spf_terms(text);
  if (!parsed.faults.empty()) return failure(ErrorCode::invalid_input, parsed.faults.front());
  return std::move(parsed.record);
}

}  // namespace waypost::mailauth
