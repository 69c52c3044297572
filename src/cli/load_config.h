#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "classify/rule_book.h"
#include "cli/terminal.h"
#include "config/config.h"
#include "toml/diagnostic.h"

namespace waypost::cli {

// Reads the configuration that `global` names, with conf.d beside it, and applies the flags that
// override it. What is wrong is shown on standard error as a compiler would; the error is the exit
// code. `warnings` too are shown only when asked for: a running command should not repeat them.
tl::expected<config::Config, int> load_config(const Global& global, bool show_warnings);

// The configuration and the rules of its folder.
struct Setup {
  config::Config config;
  std::shared_ptr<const classify::RuleBook> rules;
};

tl::expected<Setup, int> load_setup(const Global& global);

// For a program that runs already: nothing is shown, the error is one problem a line, each with
// its file and line. Any thread.
tl::expected<Setup, std::vector<std::string>> load_setup_quietly(const Global& global);

// "waypost.toml:12:3: message (expected ...)" for each that is an error.
std::vector<std::string> one_line_each(const std::vector<toml::Diagnostic>& diagnostics);

struct CheckArguments {
  bool online = false;
  std::string towards = "gmail.com";  // whose mail hosts are connected to
};

// `waypost check`.
int check_command(const Global& global, const CheckArguments& arguments);

}  // namespace waypost::cli
