#pragma once

#include "cli/dkim_commands.h"
#include "cli/terminal.h"

namespace waypost::cli {

// `waypost arc verify`. 0 the chain holds, 1 it does not or there is none, 66 no such file, 75 a
// key could not be looked up.
int arc_verify_command(const Global& global, const CheckMessageArguments& arguments);

}  // namespace waypost::cli
