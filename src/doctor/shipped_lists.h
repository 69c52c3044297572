#pragma once

#include <vector>

#include "toml/diagnostic.h"

namespace waypost::doctor {

// rules/lists/*.toml as they were when the program was built. The build writes the source of it.
const std::vector<toml::Source>& shipped_lists();

}  // namespace waypost::doctor
