#include "smtp/xclient.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "smtp/limits.h"
#include "smtp/xtext.h"

namespace waypost::smtp {
namespace {

constexpr size_t value_octets_max = 255;  // of a name, by XCLIENT_README

tl::unexpected<Reply> refuse(std::string why) {
  return tl::unexpected<Reply>(reply(501, {5, 5, 4}, "XCLIENT: " + std::move(why)));
}

std::optional<uint16_t> read_port(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return port;
}

// 192.0.2.1 or IPV6:2001:db8::1, without brackets.
std::optional<IpAddress> read_address(std::string_view text) {
  constexpr std::string_view v6_tag = "IPV6:";
  const bool is_v6 = base::starts_with_ignoring_case(text, v6_tag);
  if (is_v6) text.remove_prefix(v6_tag.size());
  auto address = IpAddress::parse(text);
  if (!address || (text.find(':') != std::string_view::npos) != is_v6) return std::nullopt;
  return *address;
}

std::optional<std::string> read_name(std::string_view text) { return std::string(text); }

std::optional<bool> read_protocol(std::string_view text) {
  const bool is_extended = base::equals_ignoring_case(text, "ESMTP");
  if (!is_extended && !base::equals_ignoring_case(text, "SMTP")) return std::nullopt;
  return is_extended;
}

// False when it was said before, or the value is none.
template <class T>
bool note(XClientAttribute<T>& attribute, std::optional<T> (*read)(std::string_view),
          std::string_view value) {
  if (attribute.said) return false;
  attribute.said = true;
  if (base::equals_ignoring_case(value, "[UNAVAILABLE]") ||
      base::equals_ignoring_case(value, "[TEMPUNAVAIL]"))
    return true;
  attribute.value = read(value);
  return attribute.value.has_value();
}

struct AllAttributes {
  XClientArguments used;
  XClientAttribute<std::string> name;
  XClientAttribute<std::string> reverse_name;
  XClientAttribute<bool> is_extended;
  XClientAttribute<IpAddress> server_address;
  XClientAttribute<uint16_t> server_port;
};

enum class Noted { yes, wrong_value, unknown_name };

Noted note(AllAttributes& all, std::string_view name, std::string_view value) {
  const auto is = [&](std::string_view other) { return base::equals_ignoring_case(name, other); };
  bool good = false;
  if (is("NAME"))
    good = note(all.name, read_name, value);
  else if (is("REVERSE_NAME"))
    good = note(all.reverse_name, read_name, value);
  else if (is("ADDR"))
    good = note(all.used.address, read_address, value);
  else if (is("PORT"))
    good = note(all.used.port, read_port, value);
  else if (is("PROTO"))
    good = note(all.is_extended, read_protocol, value);
  else if (is("HELO"))
    good = note(all.used.hello_name, read_name, value);
  else if (is("LOGIN"))
    good = note(all.used.login, read_name, value);
  else if (is("DESTADDR"))
    good = note(all.server_address, read_address, value);
  else if (is("DESTPORT"))
    good = note(all.server_port, read_port, value);
  else
    return Noted::unknown_name;
  return good ? Noted::yes : Noted::wrong_value;
}

}  // namespace

tl::expected<XClientArguments, Reply> parse_xclient(std::string_view arguments) {
  AllAttributes all;
  std::string_view rest = base::trim(arguments);
  if (rest.empty()) return refuse("say at least one attribute, such as ADDR=192.0.2.1");
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
    rest = base::trim(rest.substr(word.size()));
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) return refuse("an attribute has no value");
    const auto value = from_xtext(word.substr(equals + 1));
    if (!value || value->empty() || value->size() > value_octets_max)
      return refuse("a value is empty, too long or not xtext");
    const Noted noted = note(all, word.substr(0, equals), *value);
    if (noted == Noted::unknown_name)
      return refuse("the attributes are " + std::string(xclient_attributes));
    if (noted == Noted::wrong_value)
      return refuse("an attribute is there twice, or its value is not of its form");
  }
  return std::move(all.used);
}

}  // namespace waypost::smtp
