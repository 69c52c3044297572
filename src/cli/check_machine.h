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
// its key, the secrets of logins, the data folder and the space in it, the groups, the addresses of
// listeners and HTTP. Leaves nothing behind. Blocks.
std::vector<MachineProblem> check_machine(const config::Config& config);

}  // namespace waypost::cli
