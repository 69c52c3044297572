#pragma once

#include <vector>

#include "toml/diagnostic.h"

namespace waypost::checks {

// rules/checks/*.toml as they were when the program was built. The build writes the source of it.
const std::vector<toml::Source>& shipped_checks();

}  // namespace waypost::checks
