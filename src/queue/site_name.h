#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::queue {

// Longer than any host with its port and login.
inline constexpr size_t site_name_octets_max = 512;

// What a person calls a site, in the spelling that sites have: "MX.example.net:587/Login" is
// "mx.example.net:587/Login", since only the case of a login is its own. The site need not be
// known. Fails with invalid_input.
Result<std::string> parse_site_name(std::string_view text);

}  // namespace waypost::queue
