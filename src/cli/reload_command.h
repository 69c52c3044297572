#pragma once

#include "cli/terminal.h"

namespace waypost::cli {

// `waypost reload`: 0 done, 78 refused with what is wrong, 2 when no relay runs or answers.
int reload_command(const Global& global);

}  // namespace waypost::cli
