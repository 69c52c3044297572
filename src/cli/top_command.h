#pragma once

#include "cli/terminal.h"

namespace waypost::cli {

// `waypost top`: how the relay does, each second until q is pressed; one picture where standard
// output is no terminal, or with `once`; with --json a line each second, or one.
int top_command(const Global& global, bool once);

}  // namespace waypost::cli
