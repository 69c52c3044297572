#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "cli/queue_requests.h"
#include "cli/terminal.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct QueueLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  QueueArguments queue;
  PauseArguments pause;
};

// `queue` with its commands, `pause` and `resume`.
void add_queue_commands(CLI::App& app, QueueLine& line);

}  // namespace waypost::cli
