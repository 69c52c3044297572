#pragma once

#include <cstdint>
#include <string>

#include "cli/terminal.h"

// The commands that follow mail: what waits, what happened, and why something waits.
namespace waypost::cli {

int queue_ls_command(const Global& global, uint64_t limit);
// `what` is a message id or an address.
int trace_command(const Global& global, const std::string& what, uint64_t messages_max);
int why_command(const Global& global, const std::string& id);

}  // namespace waypost::cli
