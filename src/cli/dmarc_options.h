#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "cli/dmarc_reports.h"
#include "cli/terminal.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct DmarcLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  DmarcReportArguments reports;
};

// `dmarc report` and `dmarc import`, below `dmarc`.
void add_dmarc_report_commands(CLI::App& dmarc, DmarcLine& line);

}  // namespace waypost::cli
