#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "cli/domains_command.h"
#include "cli/terminal.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct DomainsLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  DomainArguments arguments;
};

// `domains add|ls|show|remove|verify`.
void add_domains_commands(CLI::App& app, DomainsLine& line);

// `keys rotate|retire`, beside what `keys` has already.
void add_domain_keys_commands(CLI::App& keys, DomainsLine& line);

}  // namespace waypost::cli
