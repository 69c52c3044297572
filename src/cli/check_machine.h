#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace waypost::cli {

struct MachineProblem {
  bool stops_serve = false;  // else only worth knowing
  std::string text;
};

// What a configuration needs of this machine, tried now, as the user who asks: the certificate and
// its key, the data folder, the groups, the listeners' addresses. Leaves nothing behind. Blocks.
std::vector<MachineProblem> check_machine(const config::Config& config);

}  // namespace waypost::cli
