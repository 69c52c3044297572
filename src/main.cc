#include "cli/cli.h"
#include "daemon/serve.h"
#include "demo/capture.h"
#include "demo/demo.h"
#include "demo/magic.h"

int main(int argc, char** argv) {
  waypost::cli::Hooks hooks;
  hooks.serve = [](waypost::cli::ServeArguments arguments) {
    auto load_again = [load = std::move(arguments.load_again)] {
      return load().map([](waypost::cli::Setup setup) {
        return waypost::daemon::Setup{std::move(setup.config), std::move(setup.rules)};
      });
    };
    return waypost::daemon::serve({{std::move(arguments.setup.config), arguments.setup.rules},
                                   std::move(arguments.ca_file),
                                   std::move(load_again),
                                   nullptr},
                                  arguments.supervisor);
  };
  hooks.demo_help = waypost::demo::magic_help();
  hooks.demo = [](waypost::cli::DemoArguments arguments) {
    return waypost::demo::run({.run_for = arguments.run_for,
                               .messages = arguments.messages,
                               .seed = arguments.seed,
                               .port = arguments.port,
                               .color = arguments.color,
                               .opens_browser = arguments.opens_browser,
                               .trace = std::move(arguments.trace)});
  };
  hooks.capture = [](waypost::cli::CaptureArguments arguments) {
    return waypost::demo::capture({.data_dir = std::move(arguments.data_dir),
                                   .port = arguments.port,
                                   .http_port = arguments.http_port});
  };
  return waypost::cli::run(argc, argv, hooks);
}
