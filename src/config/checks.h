#pragma once

#include <span>
#include <string>

#include "config/notebook.h"

namespace waypost::config {

// What can only be judged when all files are read: what is missing, and what contradicts what.
// `known_sites` as in parse().
void check_whole(Notebook& notebook, const Config& config,
                 std::span<const std::string> known_sites);

}  // namespace waypost::config
