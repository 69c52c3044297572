#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "cli/dkim_commands.h"
#include "cli/terminal.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct DkimLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  DkimSignArguments sign;
  DkimKeyArguments key;
  CheckMessageArguments dkim_check;
  CheckMessageArguments arc_check;
};

// `dkim verify`, `dkim sign`, `dkim key` and `arc verify`.
void add_dkim_commands(CLI::App& app, DkimLine& line);

}  // namespace waypost::cli
