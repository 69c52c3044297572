#include "cli/domains_options.h"

#include <CLI/CLI.hpp>

#include "cli/narrowing_option.h"

namespace waypost::cli {
namespace {

constexpr const char* publish_examples =
    "Examples:\n"
    "  waypost domains add shop.example\n"
    "  waypost domains add shop.example --sender 192.0.2.1 --format zone\n"
    "  waypost domains add shop.example --publish rfc2136 --server 192.0.2.53 \\\n"
    "      --tsig-file /etc/waypost/update.key\n"
    "Exit code: 0 printed or published, 1 refused or a problem is told, 2 no answer.\n";

constexpr const char* verify_examples =
    "Exit code: 0 receivers see every record, 1 something differs, 2 nobody answers.\n\n"
    "Examples:\n"
    "  waypost domains verify shop.example\n"
    "  waypost domains verify shop.example --wait 30m\n";

void add_domain(CLI::App& app, DomainArguments& to) {
  app.add_option("domain", to.domain, "The domain that mail is sent from")
      ->required()
      ->type_name("DOMAIN")
      ->check(not_empty());
}

void add_timeout(CLI::App& app, DomainArguments& to) {
  app.add_option("--timeout", to.publish.timeout, "How long to wait for name servers")
      ->type_name("TIME")
      ->capture_default_str();
}

void add_publishing(CLI::App& app, DomainArguments& to, bool prints) {
  app.add_option("--publish", to.publish.way,
                 "Change the zone itself, by an update (RFC 2136) that a key signs")
      ->check(CLI::IsMember({"rfc2136"}))
      ->type_name("WAY");
  app.add_option("--server", to.publish.server, "Of the update: the primary of the zone")
      ->type_name("ADDR[:PORT]");
  app.add_option("--tsig-file", to.publish.tsig_file,
                 "Of the update: the file of its key, as tsig-keygen writes it; not open to others")
      ->type_name("FILE");
  if (prints)
    app.add_option("--format", to.publish.format,
                   "table, zone, terraform (Route 53) or terraform-cloudflare")
        ->check(CLI::IsMember({"table", "zone", "terraform", "terraform-cloudflare"}))
        ->capture_default_str();
  add_timeout(app, to);
}

CLI::Option* add_key_type(CLI::App& app, DomainArguments& to, const char* help) {
  return app.add_option("--type", to.key_type, help)
      ->check(CLI::IsMember({"rsa", "ed25519", "both"}))
      ->type_name("TYPE");
}

void add_add(CLI::App& domains, DomainsLine& line) {
  DomainArguments& to = line.arguments;
  CLI::App* add = domains.add_subcommand(
      "add", "Make the keys of a domain, and print or publish its records; again to change it");
  add_domain(*add, to);
  add->add_option("--sender", to.settings.senders,
                  "Who sends its mail: an address, a host or an SPF term; may stand several times. "
                  "Without it the addresses that the configuration sends from")
      ->type_name("ADDR|HOST|TERM")
      ->allow_extra_args(false)
      ->check(not_empty());
  add_narrowing(*add, "--return-path", to.settings.return_path,
                "The domain that bounces go to, if it is another one", "DOMAIN");
  add_narrowing(*add, "--reports", to.settings.reports,
                "The mailbox for DMARC's reports; postmaster of the domain without it", "ADDRESS");
  add->add_option("--policy", to.settings.policy, "What DMARC asks for: none first, later more")
      ->check(CLI::IsMember({"none", "quarantine", "reject"}))
      ->type_name("POLICY");
  add_key_type(*add, to, "Of new keys: rsa, ed25519 or both, which is usual");
  add_publishing(*add, to, true);
  add->footer(publish_examples);
  add->callback([&line] {
    line.command = [&line] { return domains_add_command(line.global, line.arguments); };
  });
}

void add_verify(CLI::App& domains, DomainsLine& line) {
  DomainArguments& to = line.arguments;
  CLI::App* verify = domains.add_subcommand(
      "verify",
      "Whether receivers see the records, at each name server and through the resolver; "
      "keys whose records are seen sign from then on");
  add_domain(*verify, to);
  CLI::Option* wait =
      verify
          ->add_option(
              "--wait", to.wait,
              "Ask again until all is seen, for an hour or so long; write it behind DOMAIN")
          ->type_name("TIME")
          ->expected(0, 1)
          ->default_str("1h");
  verify
      ->add_option("--server", to.servers,
                   "Ask this one instead of those that DNS names; may stand several times")
      ->type_name("ADDR[:PORT]")
      ->allow_extra_args(false);
  verify->add_flag("--no-activate", to.no_activate, "Leave prepared keys as they are");
  add_timeout(*verify, to);
  verify->footer(verify_examples);
  verify->callback([&line, wait] {
    line.arguments.waits = wait->count() > 0;
    if (line.arguments.wait.empty()) line.arguments.wait = "1h";
    line.command = [&line] { return domains_verify_command(line.global, line.arguments); };
  });
}

}  // namespace

void add_domains_commands(CLI::App& app, DomainsLine& line) {
  DomainArguments& to = line.arguments;
  CLI::App* domains =
      app.add_subcommand("domains", "Domains that mail is sent from: keys, records");
  domains->require_subcommand(1);
  domains->fallthrough();
  add_add(*domains, line);
  CLI::App* ls = domains->add_subcommand("ls", "List the domains with their keys");
  ls->callback([&line] { line.command = [&line] { return domains_ls_command(line.global); }; });
  CLI::App* show =
      domains->add_subcommand("show", "The keys of a domain, and what it must publish");
  add_domain(*show, to);
  add_publishing(*show, to, true);
  show->callback([&line] {
    line.command = [&line] { return domains_show_command(line.global, line.arguments); };
  });
  CLI::App* remove = domains->add_subcommand("remove", "Forget a domain and its keys");
  add_domain(*remove, to);
  remove->add_flag("--force", to.force, "Even if it signs");
  remove->callback([&line] {
    line.command = [&line] { return domains_remove_command(line.global, line.arguments); };
  });
  add_verify(*domains, line);
}

void add_domain_keys_commands(CLI::App& keys, DomainsLine& line) {
  DomainArguments& to = line.arguments;
  CLI::App* rotate = keys.add_subcommand(
      "rotate",
      "Make new keys for the signatures of a domain; the old ones sign until their "
      "records are seen");
  add_domain(*rotate, to);
  add_key_type(*rotate, to, "Of the new keys: rsa, ed25519 or both; as they are without it");
  add_publishing(*rotate, to, true);
  rotate->callback([&line] {
    line.command = [&line] { return domain_keys_rotate_command(line.global, line.arguments); };
  });
  CLI::App* retire = keys.add_subcommand(
      "retire", "Take out keys of a domain that have not signed for two weeks; or end one now");
  add_domain(*retire, to);
  retire->add_option("selector", to.selector, "A key that is to sign no more")
      ->type_name("SELECTOR")
      ->check(not_empty());
  retire->add_flag("--force", to.force,
                   "Take that key out now; mail that waits loses its signature");
  add_publishing(*retire, to, false);
  retire->callback([&line] {
    line.command = [&line] { return domain_keys_retire_command(line.global, line.arguments); };
  });
}

}  // namespace waypost::cli
