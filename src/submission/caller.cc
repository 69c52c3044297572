#include "submission/caller.h"

#include "base/networks.h"

namespace waypost::submission {

Caller Caller::direct(const Endpoint& peer) { return {peer, peer, true, false}; }

Caller Caller::unnamed(const Endpoint& proxy) { return {proxy, proxy, false, false}; }

Caller Caller::announced(const Endpoint& peer, const Endpoint& client) {
  const bool is_its_own = client.address.is_loopback() && !peer.address.is_loopback();
  return {peer, client, !is_its_own, false};
}

bool Caller::is_known_in(const std::vector<IpPrefix>& networks) const {
  return known && contains(networks, client.address);
}

bool Caller::is_safe_in_the_clear() const {
  return known && peer.address.is_loopback() && (client.address.is_loopback() || client_tls);
}

}  // namespace waypost::submission
