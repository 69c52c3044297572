#pragma once

#include <tl/expected.hpp>

#include "cli/terminal.h"
#include "config/config.h"

namespace waypost::cli {

// Reads the configuration that `global` names, with conf.d beside it, and applies the flags that
// override it. What is wrong is shown on standard error as a compiler would; the error is the exit
// code. `warnings` too are shown only when asked for: a running command should not repeat them.
tl::expected<config::Config, int> load_config(const Global& global, bool show_warnings);

// `waypost check`.
int check_command(const Global& global);

}  // namespace waypost::cli
