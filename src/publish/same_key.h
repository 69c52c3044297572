#pragma once

#include <string_view>

namespace waypost::publish {

// Whether two DKIM key records hold one key that is in force, whatever their other tags are.
bool same_key(std::string_view one, std::string_view other);

}  // namespace waypost::publish
