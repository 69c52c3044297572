#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/ip_address.h"
#include "base/result.h"

// What a proxy writes in front of a connection that it passes on, so that the server behind it
// knows the client: HAProxy's PROXY protocol, versions 1 and 2.
// Limits: a client beyond IPv4 and IPv6 (a local socket of the proxy's machine) is read as none;
// what the proxy says beside the addresses (ALPN, SNI, certificate names) is checked for its form
// and not used, but for whether the client came over TLS.
namespace waypost::submission {

inline constexpr size_t proxy_header_octets_max = 16 * 1024;

struct ProxyHeader {
  std::optional<Endpoint> client;  // none: the proxy's own connection, or it cannot tell
  bool client_tls = false;         // the client came to the proxy over TLS (version 2 alone)
};

struct TakenProxyHeader {
  size_t octets = 0;  // of the header; 0: it has not come in whole
  ProxyHeader header;
};

// Takes the header off the start of what came. Fails with ErrorCode::protocol as soon as no
// continuation could be one: another protocol, a form that is not exactly that of the
// specification, lengths that do not fit, a checksum that differs, or more octets than the limit.
// The message repeats nothing of the octets.
Result<TakenProxyHeader> take_proxy_header(std::string_view octets);

}  // namespace waypost::submission
