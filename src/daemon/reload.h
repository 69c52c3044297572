#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "classify/rule_book.h"
#include "config/config.h"

namespace waypost::daemon {

// What the operator wrote, read and checked.
struct Setup {
  config::Config config;
  std::shared_ptr<const classify::RuleBook> rules;  // what replies mean
};

// Reads it again; what is wrong comes back one problem a line, each with its file and line.
// Blocks, so the relay calls it on a thread of its own.
using SetupLoader = std::function<tl::expected<Setup, std::vector<std::string>>()>;

// What a reload came to.
struct ReloadOutcome {
  bool done = false;
  std::vector<std::string> problems;       // why it was refused: nothing has changed then
  std::vector<std::string> needs_restart;  // changed keys that wait for the next start
};

// As the control socket tells it (docs/format/control.md), a line.
std::string to_json_line(const ReloadOutcome& outcome);

// The keys, or whole tables, that a running relay cannot change, where `next` differs from `now`;
// they are put back to what `now` has.
std::vector<std::string> hold_back(const config::Config& now, config::Config& next);

}  // namespace waypost::daemon
