#pragma once

#include <string>
#include <vector>

#include "cli/check_machine.h"
#include "config/config.h"

namespace waypost::cli {

// What receivers see of this machine, asked of the name system and tried on the network: whether
// names can be looked up, whether the addresses that mail leaves from have names that lead back,
// and stand on lists of receivers, whether the name in EHLO leads to them, and whether port 25
// leads out, tried at a mail host of `towards`. None of it keeps the relay from starting. Says on
// standard error what is asked before it is, unless `quiet`. Blocks, half a minute at most.
std::vector<MachineProblem> online_problems(const config::Config& config,
                                            const std::string& towards, bool quiet);

}  // namespace waypost::cli
