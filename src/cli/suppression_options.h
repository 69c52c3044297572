#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "cli/suppression_commands.h"
#include "cli/terminal.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct SuppressionLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  SuppressionArguments arguments;
};

void add_suppression_commands(CLI::App& app, SuppressionLine& line);

}  // namespace waypost::cli
