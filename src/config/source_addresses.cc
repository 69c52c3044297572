#include "config/source_addresses.h"

#include <algorithm>

namespace waypost::config {

std::vector<base::IpAddress> missing_addresses(const SourceRule& source,
                                               const std::vector<base::IpAddress>& own_addresses) {
  std::vector<base::IpAddress> missing;
  if (source.proxy || own_addresses.empty()) return missing;
  for (const base::IpAddress& address : source.addresses)
    // All of 127.0.0.0/8 is here, though the list of interfaces names one.
    if (!address.is_loopback() &&
        std::find(own_addresses.begin(), own_addresses.end(), address) == own_addresses.end())
      missing.push_back(address);
  return missing;
}

std::vector<base::IpAddress> source_addresses(const Config& config) {
  std::vector<base::IpAddress> all;
  for (const SourceRule& source : config.sources)
    all.insert(all.end(), source.addresses.begin(), source.addresses.end());
  return all;
}

}  // namespace waypost::config
