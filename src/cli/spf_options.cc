#include "cli/spf_options.h"

#include <CLI/CLI.hpp>

namespace waypost::cli {
namespace {

constexpr const char* spf_examples =
    "Examples:\n"
    "  waypost spf check example.com\n"
    "  waypost spf check --ip 192.0.2.1 --from ann@example.com --helo mail.example.com\n"
    "  waypost spf check --ip 192.0.2.1 --from \"\" --helo mail.example.com --json\n"
    "Exit code: 0 pass, 1 another result or a record with errors, 2 no answer from DNS.\n";

constexpr const char* dmarc_examples =
    "Examples:\n"
    "  waypost dmarc check --from example.com\n"
    "  waypost dmarc check --from ann@news.example.com --spf-domain bounces.example.com\n"
    "  waypost dmarc check --from example.com --dkim-domain example.com --dkim-domain esp.example\n"
    "Exit code: 0 pass, 1 fail or no record, 2 no answer from DNS.\n";

}  // namespace

void add_spf_commands(CLI::App& app, SpfLine& line) {
  CLI::App* spf = app.add_subcommand("spf", "Who may send for a domain, and why");
  spf->require_subcommand(1);
  spf->fallthrough();
  CLI::App* check = spf->add_subcommand(
      "check", "Whether an address may send for a domain, term by term; what the record costs");
  SpfArguments& to = line.spf;
  check->add_option("--ip", to.ip, "The address that the mail comes from")->type_name("ADDR");
  check->add_option("--from", to.from, "The envelope's sender (MAIL FROM); \"\" is the empty one")
      ->type_name("ADDRESS");
  check->add_option("--helo", to.helo, "The name in HELO or EHLO")->type_name("NAME");
  check->add_option("domain", to.domain, "The domain, if it is not the sender's")
      ->type_name("DOMAIN");
  check->add_option("--timeout", to.timeout, "How long to wait for the name system")
      ->type_name("TIME")
      ->capture_default_str();
  check->footer(spf_examples);
  check->callback(
      [&line] { line.command = [&line] { return spf_check_command(line.global, line.spf); }; });

  CLI::App* dmarc =
      app.add_subcommand("dmarc", "What receivers do with mail that fails, and what they report");
  dmarc->require_subcommand(1);
  dmarc->fallthrough();
  CLI::App* judge = dmarc->add_subcommand(
      "check", "Which policy applies to a From domain, and whether SPF and DKIM are aligned");
  DmarcArguments& into = line.dmarc;
  judge->add_option("--from", into.from, "The domain of the From field, or an address")
      ->type_name("DOMAIN")
      ->required();
  judge->add_option("--spf-domain", into.spf_domain, "The domain that SPF was asked about")
      ->type_name("DOMAIN");
  judge->add_option("--spf-result", into.spf_result, "What SPF said: pass, fail, softfail ...")
      ->type_name("RESULT")
      ->capture_default_str();
  judge
      ->add_option("--dkim-domain", into.dkim_domains,
                   "The domain (d=) of a signature that passed; may stand several times")
      ->type_name("DOMAIN")
      ->allow_extra_args(false);
  judge->add_option("--timeout", into.timeout, "How long to wait for the name system")
      ->type_name("TIME")
      ->capture_default_str();
  judge->footer(dmarc_examples);
  judge->callback(
      [&line] { line.command = [&line] { return dmarc_check_command(line.global, line.dmarc); }; });
  add_dmarc_report_commands(*dmarc, line.reports);
}

}  // namespace waypost::cli
