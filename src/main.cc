#include "cli/cli.h"
#include "daemon/serve.h"
#include "demo/demo.h"

int main(int argc, char** argv) {
  waypost::cli::Hooks hooks;
  hooks.serve = [](waypost::cli::ServeArguments arguments) {
    return waypost::daemon::serve(
        {std::move(arguments.config), std::move(arguments.ca_file), *arguments.rules});
  };
  hooks.demo = [](waypost::cli::DemoArguments arguments) {
    return waypost::demo::run({.run_for = arguments.run_for,
                               .messages = arguments.messages,
                               .seed = arguments.seed,
                               .port = arguments.port,
                               .color = arguments.color,
                               .trace = std::move(arguments.trace)});
  };
  return waypost::cli::run(argc, argv, hooks);
}
