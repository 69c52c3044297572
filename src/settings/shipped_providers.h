#pragma once

#include <vector>

#include "toml/diagnostic.h"

namespace waypost::settings {

// rules/providers/*.toml, which the build embeds.
const std::vector<toml::Source>& shipped_providers();

}  // namespace waypost::settings
