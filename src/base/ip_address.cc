#include "base/ip_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

#include <fmt/format.h>

namespace waypost::base {
namespace {

Result<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || status != std::errc() || end != text.data() + text.size())
    return failure(ErrorCode::invalid_input,
                   fmt::format("\"{}\" is not a port (0 to 65535)", text));
  return port;
}

}  // namespace

IpAddress IpAddress::v4(std::array<uint8_t, 4> octets) {
  IpAddress address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<uint8_t, 16> octets) {
  static constexpr std::array<uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(mapped.begin(), mapped.end(), octets.begin()))
    return v4({octets[12], octets[13], octets[14], octets[15]});
  IpAddress address;
  address.is_v4_ = false;
  address.octets_ = octets;
  return address;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton would not see what stands behind a NUL.
  bool whole = text.find('\0') == std::string_view::npos;
  std::string terminated(text);
  std::array<uint8_t, 4> four;
  if (whole && inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return v4(four);
  std::array<uint8_t, 16> sixteen;
  if (whole && inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1) return v6(sixteen);
  return failure(ErrorCode::invalid_input, fmt::format("\"{}\" is not an IP address", text));
}

bool IpAddress::is_loopback() const {
  if (is_v4_) return octets_[0] == 127;
  static constexpr std::array<uint8_t, 16> loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return octets_ == loopback;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer;
  inet_ntop(is_v4_ ? AF_INET : AF_INET6, octets_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

Result<Endpoint> Endpoint::parse(std::string_view text, uint16_t default_port) {
  std::string_view address_text = text;
  std::string_view port_text;
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    if (close == std::string_view::npos)
      return failure(ErrorCode::invalid_input, fmt::format("\"{}\" has no closing ]", text));
    address_text = text.substr(1, close - 1);
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':')
      return failure(ErrorCode::invalid_input, fmt::format("\"{}\" is not ADDRESS:PORT", text));
    if (!rest.empty()) port_text = rest.substr(1);
  } else if (size_t colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    address_text = text.substr(0, colon);
    port_text = text.substr(colon + 1);
  }
  TRY(IpAddress address, IpAddress::parse(address_text));
  if (port_text.data() == nullptr) {
    if (default_port == 0)
      return failure(ErrorCode::invalid_input, fmt::format("\"{}\" has no port", text));
    return Endpoint{address, default_port};
  }
  TRY(uint16_t port, parse_port(port_text));
  return Endpoint{address, port};
}

std::string Endpoint::text() const {
  return fmt::format(fmt::runtime(address.is_v4() ? "{}:{}" : "[{}]:{}"), address.text(), port);
}

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  IpPrefix network;
  size_t slash = text.find('/');
  TRY(network.address_, IpAddress::parse(text.substr(0, slash)));
  unsigned bits_max = network.address_.is_v4() ? 32 : 128;
  network.prefix_bits_ = bits_max;
  if (slash == std::string_view::npos) return network;
  std::string_view bits = text.substr(slash + 1);
  auto [end, status] =
      std::from_chars(bits.data(), bits.data() + bits.size(), network.prefix_bits_);
  if (bits.empty() || status != std::errc() || end != bits.data() + bits.size() ||
      network.prefix_bits_ > bits_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("\"{}\" is not a network like 192.0.2.0/24", text));
  return network;
}

bool IpPrefix::contains(const IpAddress& address) const {
  if (address.is_v4() != address_.is_v4()) return false;
  std::string_view mine = address_.octets();
  std::string_view theirs = address.octets();
  unsigned whole = prefix_bits_ / 8;
  if (mine.substr(0, whole) != theirs.substr(0, whole)) return false;
  unsigned rest = prefix_bits_ % 8;
  if (rest == 0) return true;
  unsigned shift = 8 - rest;
  return static_cast<uint8_t>(mine[whole]) >> shift == static_cast<uint8_t>(theirs[whole]) >> shift;
}

std::string IpPrefix::text() const { return fmt::format("{}/{}", address_.text(), prefix_bits_); }

}  // namespace waypost::base
