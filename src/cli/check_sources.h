#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace waypost::cli {

struct SourceProblem {
  config::Origin origin;
  std::string text;
};

// What is wrong with sources on this machine: addresses that it has not, names in EHLO that do not
// lead to the address. A name server that does not answer within a few seconds is no problem of
// theirs. Blocks.
std::vector<SourceProblem> source_problems(const config::Config& config);

}  // namespace waypost::cli
