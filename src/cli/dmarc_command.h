#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace waypost::cli {

struct DmarcArguments {
  std::string from;  // a domain or an address
  std::string spf_domain;
  std::string spf_result = "pass";
  std::vector<std::string> dkim_domains;
  std::string timeout = "20s";
};

// `waypost dmarc check`. 0 pass, 1 fail or no record that applies, 2 the name system did not
// answer.
int dmarc_check_command(const Global& global, const DmarcArguments& arguments);

}  // namespace waypost::cli
