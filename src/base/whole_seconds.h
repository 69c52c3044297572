#pragma once

#include <string>

#include "base/time.h"

namespace waypost::base {

// For people: "2026-11-21T09:08:07Z"; what is below a second is cut off.
std::string to_whole_seconds(WallTime time);

}  // namespace waypost::base
