#pragma once

#include <string>
#include <string_view>

namespace waypost::base {

// Text from outside that a terminal would obey, or show in another order than it stands in, as
// \u009b: the C1 controls and the marks of direction (Unicode UAX #9). C0 controls stay, for
// escape_control().
std::string without_terminal_controls(std::string_view text);

}  // namespace waypost::base
