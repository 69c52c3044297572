#include "cli/dkim_options.h"

#include <CLI/CLI.hpp>

#include "cli/arc_command.h"
#include "cli/narrowing_option.h"

namespace waypost::cli {
namespace {

void add_message(CLI::App& verify, CheckMessageArguments& to) {
  verify.add_option("file", to.file, "A message; - for standard input")
      ->required()
      ->type_name("FILE.eml");
  add_narrowing(verify, "--timeout", to.timeout, "How long to wait for the name system", "TIME")
      ->capture_default_str();
}

void add_verify(CLI::App& dkim, DkimLine& line) {
  CLI::App* verify = dkim.add_subcommand(
      "verify", "Check the signatures of a message, with the keys that DNS has now");
  add_message(*verify, line.dkim_check);
  verify->footer(
      "Exit code 0: a signature holds; 1: none does, or the message is not signed; 75: a key\n"
      "could not be looked up.\n\n"
      "Examples:\n"
      "  waypost dkim verify received.eml\n"
      "  waypost dkim verify --json --resolver 9.9.9.9 received.eml");
  verify->callback([&line] {
    line.command = [&line] { return dkim_verify_command(line.global, line.dkim_check); };
  });
}

void add_sign(CLI::App& dkim, DkimLine& line) {
  DkimSignArguments& to = line.sign;
  CLI::App* sign = dkim.add_subcommand("sign", "Sign a message; prints the signed message");
  sign->add_option("file", to.file, "A message; - for standard input")
      ->required()
      ->type_name("FILE.eml");
  sign->add_option("--domain", to.domain, "The domain that signs (d=)")
      ->required()
      ->type_name("DOMAIN");
  sign->add_option("--selector", to.selectors,
                   "Where DNS has the key (s=); may stand several times, each with its --key")
      ->required()
      ->type_name("NAME")
      ->allow_extra_args(false);
  sign->add_option("--key", to.key_files, "The private key, a file that others cannot read")
      ->required()
      ->type_name("FILE")
      ->allow_extra_args(false);
  sign->add_option("--canonical", to.canonical, "Forms of header and body: simple or relaxed")
      ->type_name("FORM/FORM")
      ->capture_default_str();
  sign->add_flag("--field-only", to.field_only, "Print only the DKIM-Signature fields");
  sign->footer(
      "Examples:\n"
      "  waypost dkim sign --domain shop.example --selector s1 --key s1.pem mail.eml > signed.eml\n"
      "  waypost dkim sign --domain shop.example --selector r1 --key r1.pem \\\n"
      "      --selector e1 --key e1.pem --field-only mail.eml");
  sign->callback(
      [&line] { line.command = [&line] { return dkim_sign_command(line.global, line.sign); }; });
}

void add_key(CLI::App& dkim, DkimLine& line) {
  DkimKeyArguments& to = line.key;
  CLI::App* key =
      dkim.add_subcommand("key",
                          "Make a key and print the record to publish; of a key that is "
                          "there already, only the record");
  key->add_option("--domain", to.domain, "The domain that will sign")
      ->required()
      ->type_name("DOMAIN");
  key->add_option("--selector", to.selector, "Its name in DNS: SELECTOR._domainkey.DOMAIN")
      ->required()
      ->type_name("NAME");
  key->add_option("--out", to.file, "Where the private key goes; only its owner may read it")
      ->required()
      ->type_name("FILE");
  key->add_option("--type", to.type, "rsa, which all receivers know, or ed25519")
      ->check(CLI::IsMember({"rsa", "ed25519"}))
      ->capture_default_str();
  key->add_option("--bits", to.rsa_bits, "Of an RSA key")
      ->check(CLI::IsMember({2048, 3072, 4096}))
      ->capture_default_str();
  key->footer(
      "Examples:\n"
      "  waypost dkim key --domain shop.example --selector r1 --out r1.pem\n"
      "  waypost dkim key --domain shop.example --selector e1 --type ed25519 --out e1.pem");
  key->callback(
      [&line] { line.command = [&line] { return dkim_key_command(line.global, line.key); }; });
}

}  // namespace

void add_dkim_commands(CLI::App& app, DkimLine& line) {
  CLI::App* dkim = app.add_subcommand("dkim", "Signatures of messages: check, sign, make keys");
  dkim->require_subcommand(1);
  dkim->fallthrough();
  add_verify(*dkim, line);
  add_sign(*dkim, line);
  add_key(*dkim, line);

  CLI::App* arc = app.add_subcommand("arc", "Chains of seals that forwarders and lists leave");
  arc->require_subcommand(1);
  arc->fallthrough();
  CLI::App* verify = arc->add_subcommand("verify", "Check the chain of a message");
  add_message(*verify, line.arc_check);
  verify->footer(
      "Exit code 0: the chain holds; 1: it does not, or there is none; 75: a key could not be\n"
      "looked up.\n\n"
      "Example:\n"
      "  waypost arc verify forwarded.eml");
  verify->callback([&line] {
    line.command = [&line] { return arc_verify_command(line.global, line.arc_check); };
  });
}

}  // namespace waypost::cli
