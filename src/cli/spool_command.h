#pragma once

#include <string>

#include "cli/terminal.h"

namespace waypost::cli {

struct SpoolCheckArguments {
  std::string folder;  // of a spool, a data folder or a backup; empty: the configured one
  std::string export_to;
};

// `waypost spool check`: 0 when it is whole, 1 when something is damaged, 75 while a relay has it.
int spool_check_command(const Global& global, const SpoolCheckArguments& arguments);

}  // namespace waypost::cli
