#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::dns {

// The form of a domain that the name system knows: labels beyond ASCII as A-labels, "xn--..."
// (RFC 5891 §4, after the mapping of Unicode TS 46), the others as they are. A domain that is ASCII
// already, or an address literal in brackets, comes back unchanged. Fails with invalid_input where
// the text is no UTF-8 or holds what a domain may not.
Result<std::string> to_a_labels(std::string_view domain);

}  // namespace waypost::dns
