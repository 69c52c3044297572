#include "cli/dmarc_options.h"

#include <CLI/CLI.hpp>

#include "cli/narrowing_option.h"

namespace waypost::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  waypost dmarc report reports/ google.com!shop.example!1790000000!1790086399.xml.gz\n"
    "  waypost dmarc import /var/mail/dmarc && waypost dmarc report --domain shop.example\n"
    "  waypost dmarc report --since 30d --unaligned --online\n"
    "Exit code: 0 a report was read, 1 none was found, 66 a file could not be read.\n";

CLI::Option* add_files(CLI::App& app, DmarcReportArguments& to, const char* help) {
  return app.add_option("file", to.files, help)->type_name("FILE");
}

}  // namespace

void add_dmarc_report_commands(CLI::App& dmarc, DmarcLine& line) {
  DmarcReportArguments& to = line.reports;
  CLI::App* report = dmarc.add_subcommand(
      "report",
      "Who sends as your domain, since when, aligned or not, and whether you may go to "
      "p=reject: from report files, or from what was imported");
  add_files(*report, to,
            "Aggregate or failure reports: XML, gzip, zip, a message, a mailbox file, a folder, - "
            "for standard input; without one: what `dmarc import` kept");
  add_narrowing(*report, "--domain", to.domain, "Mail from this domain and below", "DOMAIN");
  add_narrowing(*report, "--since", to.since, "Since: \"30d\" ago, or a date of UTC", "TIME");
  add_narrowing(*report, "--source", to.source, "Sent from this address", "ADDR");
  add_narrowing(*report, "--timeout", to.timeout, "With --online: how long to wait", "TIME")
      ->capture_default_str();
  report
      ->add_option("--own", to.own,
                   "An address or network of yours beside [[source]]; may stand several times")
      ->type_name("ADDR[/BITS]")
      ->allow_extra_args(false);
  report->add_flag("--unaligned", to.unaligned, "Only sources whose mail fails");
  report->add_flag("--online", to.online,
                   "Ask the name system for reverse names and whom SPF names; so does --resolver");
  report->add_option("--limit", to.limit, "Sources to show of each domain")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  report->footer(examples);
  report->callback([&line] {
    line.command = [&line] { return dmarc_report_command(line.global, line.reports); };
  });
  CLI::App* import = dmarc.add_subcommand(
      "import", "Keep reports, each once, for 400 days; `dmarc report` answers from them");
  add_files(*import, to, "As for `dmarc report`")->required();
  import->callback([&line] {
    line.command = [&line] { return dmarc_import_command(line.global, line.reports); };
  });
}

}  // namespace waypost::cli
