#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"

// Where mail leaves from, as it is configured.
namespace waypost::delivery {

enum class ProxyKind {
  socks5,    // RFC 1928; the proxy has its own addresses, and may want a login (RFC 1929)
  proxy_v2,  // HAProxy's PROXY protocol, version 2: it is told from which address to connect
};

struct Proxy {
  ProxyKind kind = ProxyKind::socks5;
  std::string host;  // a name or an IP address
  uint16_t port = 0;
  std::string login;        // SOCKS 5 only; empty: none
  std::string secret_file;  // read at each login, so that a change counts at once

  // "socks5://proxy.example:1080", as it is configured.
  std::string text() const;
};

// An address with the name that belongs to it. Without addresses the system, or the proxy, picks.
struct Source {
  std::string id;  // empty: where no pool is configured
  std::optional<IpAddress> v4;
  std::optional<IpAddress> v6;
  std::string helo;  // our name in EHLO
  std::optional<Proxy> proxy;

  const std::optional<IpAddress>& address_for(const IpAddress& to) const {
    return to.is_v4() ? v4 : v6;
  }
  // Whether hosts with an address of that family can be reached.
  bool reaches(bool family_v4) const { return (!v4 && !v6) || (family_v4 ? v4 : v6).has_value(); }
  bool speaks_first_to_proxy() const { return proxy && proxy->kind == ProxyKind::proxy_v2; }
};

// Sources that stand in for each other. What share of the messages each gets is its weight by the
// sum of all.
struct SourcePool {
  struct Share {
    std::string source;  // id
    unsigned weight = 1;
  };
  std::string id;
  std::vector<std::string> streams;  // whose mail goes out here, unless its route says otherwise
  std::vector<Share> shares;
};

}  // namespace waypost::delivery
