#pragma once

#include <functional>
#include <string>

#include <CLI/App.hpp>

#include "cli/backup_command.h"
#include "cli/spool_command.h"
#include "cli/terminal.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct SafetyLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  SpoolCheckArguments spool;
  std::string backup_folder;
  RestoreArguments restore;
};

// `spool check`, `backup` and `restore`.
void add_safety_commands(CLI::App& app, SafetyLine& line);

}  // namespace waypost::cli
