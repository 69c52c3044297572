#pragma once

#include <optional>
#include <string_view>

#include "base/ip_address.h"

namespace waypost::smtp {

// The address that an address literal is (RFC 5321 §4.1.3), spelled as parse_domain() does; none
// for the name of a domain.
std::optional<IpAddress> address_of_literal(std::string_view domain);

}  // namespace waypost::smtp
