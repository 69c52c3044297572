#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace waypost::cli {

struct DmarcReportArguments {
  std::vector<std::string> files;  // none: what was kept; a folder stands for all that is below it
  std::string domain;
  std::string since;
  std::string source;
  std::vector<std::string> own;  // addresses and networks
  bool unaligned = false;
  bool online = false;
  uint64_t limit = 20;
  std::string timeout = "20s";
};

// `waypost dmarc report`. 0 when there was a report, 1 when none fits, 66 when nothing could be
// read.
int dmarc_report_command(const Global& global, const DmarcReportArguments& arguments);

// `waypost dmarc import`. 0 when all is kept or was there, 1 when something is no report.
int dmarc_import_command(const Global& global, const DmarcReportArguments& arguments);

}  // namespace waypost::cli
