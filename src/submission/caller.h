#pragma once

#include <vector>

#include "base/ip_address.h"
#include "submission/settings.h"

namespace waypost::submission {

// Who is at the other end of a connection, and for whom.
//
// Limits, guesses, trusted networks, events and Received are about the client. What the wire itself
// is about, which is who may announce a client and whether others can read along, is about the
// peer.
struct Caller {
  Endpoint peer;    // of the connection itself
  Endpoint client;  // the peer, or whom a listed proxy announced by PROXY or XCLIENT
  // False where a proxy named nobody, as for its own health check: `client` is then the proxy, and
  // nothing that its address may do counts.
  bool known = true;
  bool client_tls = false;  // by the proxy's word the client came to it over TLS

  static Caller direct(const Endpoint& peer);
  // Loopback is a machine's own: announced by another machine, it names nobody.
  static Caller announced(const Endpoint& peer, const Endpoint& client);
  static Caller unnamed(const Endpoint& proxy);

  bool is_known_in(const std::vector<IpPrefix>& networks) const;
  // Whether nobody can read what it says outside TLS: this machine is at the other end, and where
  // that is a proxy the client's way to it was as safe.
  bool is_safe_in_the_clear() const;
};

}  // namespace waypost::submission
