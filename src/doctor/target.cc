#include "doctor/target.h"

#include <charconv>

namespace waypost::doctor {
namespace {

std::optional<uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  if (port == 0 || port > 65535) return {};
  return static_cast<uint16_t>(port);
}

}  // namespace

Target parse_target(std::string_view text) {
  size_t colon = text.rfind(':');
  bool several = colon != text.npos && text.find(':') != colon;
  bool bracketed = text.starts_with('[');
  if (bracketed && text.ends_with(']')) return {std::string(text.substr(1, text.size() - 2)), {}};
  if (colon == text.npos || (several && !bracketed && text.find("://") == text.npos))
    return {std::string(text), {}};
  auto port = parse_port(text.substr(colon + 1));
  if (!port) return {std::string(text), {}};
  std::string_view host = text.substr(0, colon);
  if (bracketed && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::string(host), port};
}

}  // namespace waypost::doctor
