#include "base/networks.h"

#include <algorithm>

namespace waypost::base {

bool contains(const std::vector<IpPrefix>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const IpPrefix& network) { return network.contains(address); });
}

bool operator==(const IpPrefix& one, const IpPrefix& other) { return one.text() == other.text(); }

}  // namespace waypost::base
