#pragma once

#include <string_view>

namespace waypost::base {

inline constexpr std::string_view version = "0.1.0";

}  // namespace waypost::base
