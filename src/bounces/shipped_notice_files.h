#pragma once

#include <vector>

#include "toml/diagnostic.h"

namespace waypost::bounces {

// rules/bounces/*.toml as they were when the program was built. The build writes the source of it.
const std::vector<toml::Source>& shipped_notice_files();

}  // namespace waypost::bounces
