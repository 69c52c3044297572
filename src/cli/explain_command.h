#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/explain_log.h"
#include "cli/terminal.h"
#include "config/config.h"

namespace waypost::cli {

struct ExplainArguments {
  std::vector<std::string> words;  // the text or an id; "-" alone is standard input
  std::string provider;            // or a host of its MX
  std::string phase;
  std::string own_ip;
  std::string own_domain;
  std::string rules_folder = config::Config().rules_dir;
  bool lines = false;
  bool list = false;
  bool unknown = false;
  bool stub = false;
  LogArguments log;
};

// `waypost explain`. 0 explained, 1 not recognised, 64 and 66 as everywhere, 78 a bad local rule.
int explain_command(const Global& global, const ExplainArguments& arguments);

}  // namespace waypost::cli
