#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "cli/dmarc_command.h"
#include "cli/dmarc_options.h"
#include "cli/spf_command.h"
#include "cli/terminal.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct SpfLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  SpfArguments spf;
  DmarcArguments dmarc;
  DmarcLine reports;
};

// `spf check`, and all of `dmarc`.
void add_spf_commands(CLI::App& app, SpfLine& line);

}  // namespace waypost::cli
