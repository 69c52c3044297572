#include "cli/safety_options.h"

#include <CLI/CLI.hpp>

namespace waypost::cli {
namespace {

void add_spool(CLI::App& app, SafetyLine& line) {
  CLI::App* spool = app.add_subcommand("spool", "What is stored of mail that waits");
  spool->require_subcommand(1);
  spool->fallthrough();
  CLI::App* check =
      spool->add_subcommand("check", "Read all of it while no relay runs, and say what is damaged");
  check
      ->add_option("folder", line.spool.folder,
                   "A spool, data folder or backup; the configured one by default")
      ->type_name("FOLDER");
  check
      ->add_option("--export", line.spool.export_to,
                   "Write all messages that can be read into this new folder")
      ->type_name("FOLDER");
  check->callback(
      [&line] { line.command = [&line] { return spool_check_command(line.global, line.spool); }; });
}

}  // namespace

void add_safety_commands(CLI::App& app, SafetyLine& line) {
  add_spool(app, line);
  CLI::App* backup = app.add_subcommand(
      "backup", "Copy spool, records, logins and pauses as they are now, and check the copy");
  backup->add_option("folder", line.backup_folder, "A new folder")->required()->type_name("FOLDER");
  backup->callback([&line] {
    line.command = [&line] { return backup_command(line.global, line.backup_folder); };
  });
  CLI::App* restore =
      app.add_subcommand("restore", "Put a backup into the configured data folder, which is empty");
  restore->add_option("folder", line.restore.folder, "The backup")->required()->type_name("FOLDER");
  restore->add_flag("--hold", line.restore.hold,
                    "Keep all mail back until it is released: what was delivered after the backup "
                    "would go out twice");
  restore->callback(
      [&line] { line.command = [&line] { return restore_command(line.global, line.restore); }; });
}

}  // namespace waypost::cli
