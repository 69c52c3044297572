#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::message {

// The first file in `octets`: of a gzip or zip archive, else the octets as they are. At most
// `octets_max`; more is resource_exhausted, so that a small file cannot become a large one; what
// does not decode is invalid_input. Any thread.
base::Result<std::string> unpack(std::string_view octets, size_t octets_max);

}  // namespace waypost::message
