#pragma once

#include "cli/terminal.h"

namespace waypost::cli {

// `waypost providers --known`: what rules/sites has, with its sources. Needs no relay.
int known_sites_command(const Global& global);

}  // namespace waypost::cli
