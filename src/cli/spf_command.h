#pragma once

#include <optional>
#include <string>

#include "cli/terminal.h"
#include "mailauth/spf_analysis.h"
#include "mailauth/spf_check.h"

namespace waypost::cli {

struct SpfArguments {
  std::string ip;
  std::string from;
  std::string helo;
  std::string domain;  // "" is the sender's
  std::string timeout = "20s";
};

// What the command found out; without an address there is only the analysis.
struct SpfFindings {
  std::string ip;
  std::string sender;
  std::optional<mailauth::SpfVerdict> verdict;
  std::optional<mailauth::SpfAnalysis> analysis;
  std::string not_analysed;  // why there is none
};

std::string spf_json(const SpfFindings& findings);
std::string spf_text(const SpfFindings& findings, bool color);

// `waypost spf check`. 0 pass, 1 another result, 2 the name system did not answer; without an
// address 0 a sound record, 1 one with errors.
int spf_check_command(const Global& global, const SpfArguments& arguments);

}  // namespace waypost::cli
