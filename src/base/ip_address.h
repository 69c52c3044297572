#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::base {

// An IPv4 or IPv6 address as a value. An IPv4-mapped IPv6 address is stored as IPv4, so that one
// peer has one spelling.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0

  static IpAddress v4(std::array<uint8_t, 4> octets);
  static IpAddress v6(std::array<uint8_t, 16> octets);
  // RFC 4291 §2.2 text or a dotted quad; no zone, no brackets.
  static Result<IpAddress> parse(std::string_view text);

  bool is_v4() const { return is_v4_; }
  bool is_loopback() const;
  // 4 or 16 octets, owned by this value.
  std::string_view octets() const {
    return {reinterpret_cast<const char*>(octets_.data()), is_v4_ ? 4u : 16u};
  }
  std::string text() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool is_v4_ = true;
  std::array<uint8_t, 16> octets_{};
};

// An address and a TCP or UDP port.
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  // "192.0.2.1:25", "[2001:db8::1]:25"; the port may be left out when `default_port` is not 0.
  static Result<Endpoint> parse(std::string_view text, uint16_t default_port = 0);
  std::string text() const;

  auto operator<=>(const Endpoint&) const = default;
};

// A prefix in CIDR form; a bare address is its own /32 or /128.
class IpPrefix {
 public:
  static Result<IpPrefix> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string text() const;

 private:
  IpAddress address_;
  unsigned prefix_bits_ = 0;
};

}  // namespace waypost::base

namespace waypost {
using base::Endpoint;
using base::IpAddress;
using base::IpPrefix;
}  // namespace waypost
