#pragma once

#include <vector>

#include "base/ip_address.h"

// Networks as settings list them.
namespace waypost::base {

bool contains(const std::vector<IpPrefix>& networks, const IpAddress& address);

// Written alike: 192.0.2.1/24 and 192.0.2.0/24 differ.
bool operator==(const IpPrefix& one, const IpPrefix& other);

}  // namespace waypost::base
