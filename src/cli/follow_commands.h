#pragma once

#include <cstdint>
#include <string>

#include "cli/terminal.h"

// The commands that follow what waits, and why.
namespace waypost::cli {

int queue_ls_command(const Global& global, uint64_t limit);
int why_command(const Global& global, const std::string& id);

}  // namespace waypost::cli
