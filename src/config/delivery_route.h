#pragma once

#include <string_view>

namespace waypost::config {

// The id of the route that the next hop of [delivery] makes; no [[route]] may have it.
constexpr std::string_view delivery_route_id = "next_hop";

}  // namespace waypost::config
