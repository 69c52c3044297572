#include "cli/safety_options.h"

#include <CLI/CLI.hpp>

namespace waypost::cli {
namespace {

void add_spool(CLI::App& app, SafetyLine& line) {
  CLI::App* spool = app.add_subcommand("spool", "What is stored of mail that waits");
  spool->require_subcommand(1);
  spool->fallthrough();
  CLI::App* check = spool->add_subcommand(
      "check", "Read all of it while no relay runs, and say what is damaged");
  check
      ->add_option("folder", line.spool.folder,
                   "A spool, data folder or backup; the configured one by default")
      ->type_name("FOLDER");
  check
      ->add_option("--export", line.spool.export_to,
                   "Write all messages that can be read into this new folder")
      ->type_name("FOLDER");
  check->callback([&line] {
    line.command = [&line] { return spool_check_command(line.global, line.spool); };
  });
}

}  // namespace

void add_safety_commands(CLI::App& app, SafetyLine& line) {
  add_spool(app, line);
}

}  // namespace waypost::cli
