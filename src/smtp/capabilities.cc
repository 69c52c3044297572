#include "smtp/capabilities.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/ascii.h"

namespace waypost::smtp {
namespace {

// More than any server has; a hostile list stays short.
constexpr size_t auth_mechanisms_max = 64;

constexpr std::array<std::pair<std::string_view, bool Capabilities::*>, 8> flags{{
    {"PIPELINING", &Capabilities::pipelining},
    {"8BITMIME", &Capabilities::eight_bit_mime},
    {"STARTTLS", &Capabilities::starttls},
    {"ENHANCEDSTATUSCODES", &Capabilities::enhanced_status_codes},
    {"CHUNKING", &Capabilities::chunking},
    {"DSN", &Capabilities::dsn},
    {"SMTPUTF8", &Capabilities::smtputf8},
    {"SIZE", &Capabilities::size},
}};

// The next word of `text`, up to a space, a tab or one of `more_ends`; empty at the end.
std::string_view take_word(std::string_view& text, std::string_view more_ends = "") {
  text = base::trim(text);
  const auto ends = [&](char c) {
    return c == ' ' || c == '\t' || more_ends.find(c) != std::string_view::npos;
  };
  const auto end = std::find_if(text.begin(), text.end(), ends);
  const std::string_view word = text.substr(0, size_t(end - text.begin()));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

void read_size(std::string_view value, Capabilities& capabilities) {
  const std::string_view digits = take_word(value);
  uint64_t octets = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), octets);
  // 0 says that there is no fixed limit (RFC 1870 §4), and so does a number beyond 64 bits.
  if (status == std::errc() && end == digits.data() + digits.size() && octets > 0)
    capabilities.size_octets_max = octets;
}

void read_auth(std::string_view mechanisms, Capabilities& capabilities) {
  auto& known = capabilities.auth_mechanisms;
  while (known.size() < auth_mechanisms_max) {
    const std::string_view mechanism = take_word(mechanisms);
    if (mechanism.empty()) break;
    if (!capabilities.offers_auth(mechanism)) known.push_back(base::to_upper(mechanism));
  }
}

}  // namespace

Capabilities parse_ehlo(const Reply& reply) {
  Capabilities capabilities;
  for (size_t index = 1; index < reply.lines.size(); ++index) {
    std::string_view line = reply.lines[index];
    const std::string_view keyword = take_word(line, "=");
    for (const auto& [name, flag] : flags)
      if (base::equals_ignoring_case(keyword, name)) capabilities.*flag = true;
    if (base::equals_ignoring_case(keyword, "SIZE")) read_size(line, capabilities);
    if (base::equals_ignoring_case(keyword, "AUTH")) read_auth(line, capabilities);
  }
  return capabilities;
}

bool Capabilities::offers_auth(std::string_view mechanism) const {
  return std::any_of(auth_mechanisms.begin(), auth_mechanisms.end(), [&](const std::string& known) {
    return base::equals_ignoring_case(known, mechanism);
  });
}

}  // namespace waypost::smtp
