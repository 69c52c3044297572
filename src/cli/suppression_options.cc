#include "cli/suppression_options.h"

#include <CLI/CLI.hpp>

#include "cli/narrowing_option.h"

namespace waypost::cli {
namespace {

using Command = int (*)(const Global&, const SuppressionArguments&);

CLI::App* add_command(CLI::App& app, SuppressionLine& line, const char* name, const char* help,
                      Command run) {
  CLI::App* command = app.add_subcommand(name, help);
  command->callback(
      [&line, run] { line.command = [&line, run] { return run(line.global, line.arguments); }; });
  return command;
}

void add_address(CLI::App& app, SuppressionArguments& to) {
  app.add_option("address", to.address, "The address")
      ->required()
      ->type_name("ADDRESS")
      ->check(not_empty());
}

void add_filter(CLI::App& app, SuppressionArguments& to) {
  add_narrowing(app, "--reason", to.reason, "With this reason: recipient-unknown, complaint ...",
                "REASON");
  add_narrowing(app, "--domain", to.domain, "In this domain", "DOMAIN");
  add_narrowing(app, "--since", to.since, "Since: \"2d\" ago, or a date or time of UTC", "TIME");
}

void add_scope(CLI::App& app, SuppressionArguments& to) {
  CLI::Option* stream =
      add_narrowing(app, "--stream", to.stream, "For mail of this stream alone", "NAME");
  add_narrowing(app, "--sender-domain", to.sender_domain, "For mail from this domain alone",
                "DOMAIN")
      ->excludes(stream);
}

}  // namespace

void add_suppression_commands(CLI::App& app, SuppressionLine& line) {
  SuppressionArguments& to = line.arguments;
  CLI::App* group = app.add_subcommand("suppressions", "The addresses that are not written to");
  group->require_subcommand(1);
  group->fallthrough();
  CLI::App* ls = add_command(*group, line, "ls", "List them", suppressions_ls_command);
  add_filter(*ls, to);
  ls->add_option("--limit", to.limit, "Entries to show")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  CLI::App* show =
      add_command(*group, line, "show", "Why an address is on the list", suppressions_show_command);
  add_address(*show, to);
  CLI::App* add =
      add_command(*group, line, "add", "Write to an address no more", suppressions_add_command);
  add_address(*add, to);
  add_narrowing(*add, "--reason", to.reason, "by-hand, unless it is another", "REASON");
  add_narrowing(*add, "--note", to.note, "More about why, for whoever looks", "TEXT");
  add_narrowing(*add, "--expires", to.expires, "Until: \"30d\" from now, or a date", "TIME");
  add_scope(*add, to);
  CLI::App* rm =
      add_command(*group, line, "rm", "Write to an address again", suppressions_rm_command);
  add_address(*rm, to);
  add_scope(*rm, to);
  CLI::App* import =
      add_command(*group, line, "import", "Add all of a CSV file; what is there stays",
                  suppressions_import_command);
  import->add_option("file", to.file, "The first row names the columns")
      ->required()
      ->type_name("FILE")
      ->check(not_empty());
  add_narrowing(*import, "--reason", to.reason, "Of rows without one; by-hand unless it is another",
                "REASON");
  CLI::App* out = add_command(*group, line, "export", "Write them to standard output as CSV",
                              suppressions_export_command);
  add_filter(*out, to);
}

}  // namespace waypost::cli
