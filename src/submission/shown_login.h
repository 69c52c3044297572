#pragma once

#include <string>
#include <string_view>

namespace waypost::submission {

// A login that a client tried, as it may stand in the log and in events: itself where it can be the
// name of a key (1 to 64 of A-Z a-z 0-9 . _ @ -), else empty. Also empty for what may be one of our
// secrets, which people enter in the wrong place.
std::string shown_login(std::string_view tried);

}  // namespace waypost::submission
