#pragma once

#include <functional>
#include <string>

#include <CLI/App.hpp>

#include "cli/admin_command.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct AdminLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  AdminArguments arguments;
};

void add_admin_commands(CLI::App& app, AdminLine& line);

}  // namespace waypost::cli
