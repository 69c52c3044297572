#pragma once

#include <vector>

#include "base/ip_address.h"
#include "config/config.h"

namespace waypost::config {

// The addresses that a source should have on this machine and has not; none where a proxy has them.
// `own_addresses` are those of the machine; without any the list could not be had, and says
// nothing.
std::vector<base::IpAddress> missing_addresses(const SourceRule& source,
                                               const std::vector<base::IpAddress>& own_addresses);

// Those of all sources, in their order.
std::vector<base::IpAddress> source_addresses(const Config& config);

}  // namespace waypost::config
