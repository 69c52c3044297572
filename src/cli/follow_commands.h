#pragma once

#include <string>

#include "cli/terminal.h"

// The commands that follow what waits, and why.
namespace waypost::cli {

int why_command(const Global& global, const std::string& id);

}  // namespace waypost::cli
