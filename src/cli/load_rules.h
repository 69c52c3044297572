#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "classify/rule_book.h"
#include "cli/terminal.h"

namespace waypost::cli {

// The shipped rules with FOLDER/replies/*.toml over them. What is wrong in a local file is shown on
// standard error as a compiler would; the error is the exit code.
tl::expected<std::unique_ptr<classify::RuleBook>, int> load_rules(const Global& global,
                                                                  const std::string& folder);

// The same for a running program: nothing is shown, the error is one problem a line.
tl::expected<std::unique_ptr<classify::RuleBook>, std::vector<std::string>> load_rules_quietly(
    const std::string& folder);

}  // namespace waypost::cli
