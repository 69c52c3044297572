#include "base/http_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "base/ip_address.h"

namespace waypost::base {
namespace {

constexpr size_t url_octets_max = 2048;
constexpr size_t host_octets_max = 253;
constexpr uint16_t http_port = 80;
constexpr uint16_t https_port = 443;

tl::unexpected<Error> refuse(const char* why) { return failure(ErrorCode::invalid_input, why); }

bool is_host_name(std::string_view text) {
  const auto allowed = [](char c) { return is_alnum(c) || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= host_octets_max && is_alnum(text.front()) &&
         is_alnum(text.back()) && text.find("..") == text.npos &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::optional<uint16_t> read_port(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stopped != end || port == 0) return std::nullopt;
  return port;
}

// Takes the host off, which may stand in brackets; what is left is "" or ":" and a port.
std::optional<std::string> take_host(std::string_view& authority) {
  if (!authority.starts_with('[')) {
    const std::string_view host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(host.size());
    if (!is_host_name(host)) return std::nullopt;
    return to_lower(host);
  }
  const size_t end = authority.find(']');
  if (end == authority.npos) return std::nullopt;
  const std::string_view inside = authority.substr(1, end - 1);
  authority.remove_prefix(end + 1);
  const auto address = IpAddress::parse(inside);
  if (!address || inside.find(':') == inside.npos) return std::nullopt;
  return address->text();
}

bool is_target(std::string_view text) {
  const auto allowed = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
  if (text.size() > url_octets_max) return refuse("the URL is too long");
  HttpUrl url;
  url.tls = starts_with_ignoring_case(text, "https://");
  if (!url.tls && !starts_with_ignoring_case(text, "http://"))
    return refuse("a URL begins with https:// or http://");
  text.remove_prefix(url.tls ? 8 : 7);
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  if (authority.size() < text.size()) url.target = text.substr(authority.size());
  if (!is_target(url.target)) return refuse("the path of the URL is not of its form");
  auto host = take_host(authority);
  if (!host) return refuse("the URL has no host, or one that is no name or address");
  url.host = *std::move(host);
  url.port = url.tls ? https_port : http_port;
  if (authority.empty()) return url;
  const auto port = authority.starts_with(':') ? read_port(authority.substr(1)) : std::nullopt;
  if (!port) return refuse("the port of the URL is none");
  url.port = *port;
  return url;
}

std::string HttpUrl::authority() const {
  std::string text = host.find(':') == host.npos ? host : "[" + host + "]";
  if (port != (tls ? https_port : http_port)) text += ":" + std::to_string(port);
  return text;
}

std::string HttpUrl::text() const { return (tls ? "https://" : "http://") + authority() + target; }

bool HttpUrl::is_loopback() const {
  const auto address = IpAddress::parse(host);
  return address && address->is_loopback();
}

std::string percent_encode(std::string_view octets) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved = "-._~";
  std::string text;
  text.reserve(octets.size());
  for (char c : octets) {
    if (is_alnum(c) || unreserved.find(c) != unreserved.npos) {
      text += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    text.append({'%', digits[octet >> 4], digits[octet & 15]});
  }
  return text;
}

}  // namespace waypost::base
