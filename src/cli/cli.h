#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/load_config.h"
#include "io/service_manager.h"

namespace waypost::cli {

struct ServeArguments {
  Setup setup;
  std::string ca_file;  // empty: the system's authorities
  io::SupervisorVariables supervisor;
  // For a reload: the same files again, nothing printed. The error is one problem a line.
  std::function<tl::expected<Setup, std::vector<std::string>>()> load_again;
};

struct DemoArguments {
  std::optional<Duration> run_for;  // none: until interrupted on a terminal, else until it is done
  unsigned messages = 200;
  uint64_t seed = 1;
  std::optional<uint16_t> port;  // for submission; none: 1025, or a free one when that is taken
  bool color = false;
  bool opens_browser = false;
  // What `waypost trace ID` prints, by the configuration in the file.
  std::function<void(const std::string& config_file, const std::string& id)> trace;
};

struct CaptureArguments {
  std::string data_dir;               // absolute; empty: one that goes away at the end
  std::optional<uint16_t> port;       // for SMTP; none: 1025
  std::optional<uint16_t> http_port;  // none: 8025
};

// The commands that run a server; the program joins them, since the command line and the daemon do
// not know each other.
struct Hooks {
  std::function<int(ServeArguments)> serve;
  std::function<int(DemoArguments)> demo;
  std::function<int(CaptureArguments)> capture;
  std::string demo_help;  // what stands below the options of the demo
};

// Runs the command that `argv` names and returns the exit code: 0 ok, 1 a negative answer, 2 could
// not finish, 64 usage, 66 input file, 70 a bug, 77 rights, 78 configuration.
int run(int argc, char** argv, const Hooks& hooks);

}  // namespace waypost::cli
