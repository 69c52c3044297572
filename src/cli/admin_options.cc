#include "cli/admin_options.h"

#include <CLI/CLI.hpp>

namespace waypost::cli {
namespace {

using Command = int (*)(const Global&, const AdminArguments&);

CLI::App* add_command(CLI::App& app, AdminLine& line, const char* name, const char* help,
                      Command run) {
  CLI::App* command = app.add_subcommand(name, help);
  command->callback(
      [&line, run] { line.command = [&line, run] { return run(line.global, line.arguments); }; });
  return command;
}

}  // namespace

void add_admin_commands(CLI::App& app, AdminLine& line) {
  AdminArguments& to = line.arguments;
  CLI::App* admin = app.add_subcommand("admin", "Who may log in to the dashboard");
  admin->require_subcommand(1);
  admin->fallthrough();
  CLI::App* password = add_command(*admin, line, "password",
                                   "Set a password: asked for, or from --password-file, "
                                   "--password-fd or WAYPOST_PASSWORD",
                                   admin_password_command);
  password->add_option("--user", to.name, "Whose it is")->type_name("NAME")->capture_default_str();
  CLI::Option* file =
      password
          ->add_option("--password-file", to.password.file,
                       "The password's file; one line end at its end is not part of it")
          ->type_name("FILE");
  password
      ->add_option("--password-fd", to.password.descriptor,
                   "The same from an open descriptor, such as 3 with 3<FILE or 3< <(command)")
      ->check(CLI::Range(0, 65535))
      ->excludes(file)
      ->type_name("N");
  add_command(*admin, line, "ls", "List who may log in", admin_ls_command);
  CLI::App* remove =
      add_command(*admin, line, "remove", "Let somebody log in no more", admin_remove_command);
  remove->add_option("name", to.name, "Who")->required()->type_name("NAME");
}

}  // namespace waypost::cli
