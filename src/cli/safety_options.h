#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "cli/spool_command.h"
#include "cli/terminal.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct SafetyLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  SpoolCheckArguments spool;
};

// `spool check`.
void add_safety_commands(CLI::App& app, SafetyLine& line);

}  // namespace waypost::cli
