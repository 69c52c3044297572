#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/time.h"

namespace waypost::delivery {

enum class TlsPolicy {
  opportunistic,  // STARTTLS where it is offered; in the clear when its handshake fails (RFC 7435)
  required,       // STARTTLS with a certificate that holds, or no delivery
  never,
};

// A relay that takes everything, instead of each domain's own mail hosts.
struct NextHop {
  std::string host;  // a name or an IP address
  uint16_t port = 25;
};

struct Settings {
  std::string hostname;  // ours, for EHLO
  std::optional<NextHop> next_hop;
  uint16_t mx_port = 25;
  TlsPolicy tls = TlsPolicy::opportunistic;
  std::optional<IpAddress> source_address;
  Duration connect_timeout = std::chrono::seconds(30);
  unsigned addresses_tried_max = 5;  // in one attempt, over all mail hosts
  Duration idle_connection = std::chrono::seconds(10);
  Duration dns_timeout = std::chrono::seconds(10);
};

}  // namespace waypost::delivery
