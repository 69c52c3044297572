#include "cli/doctor_options.h"

#include <CLI/CLI.hpp>

namespace waypost::cli {
namespace {

constexpr const char* examples = R"(Examples:
  waypost doctor smtp.example.com
  waypost doctor smtp.example.com:587 --tls implicit --user ann@example.com
  waypost doctor example.com                      where the domain's mail goes (MX)
  waypost doctor smtp.example.com --user ann@example.com --to bob@example.net
  waypost doctor --settings .env                  as your program would do it
  waypost doctor smtp.example.com --user ann@example.com --send --seeds seeds.toml

The password is asked for, read from --password-file, --password-fd or WAYPOST_PASSWORD;
it is never an argument, never shown, and goes only over TLS with a certificate that holds.
Nothing is sent without --send. Exit codes: 0 all well; 11 to 16 the broken step;
2 could not be tested; 75 may pass by itself.)";

void add_target(CLI::App& doctor, DoctorLine& line) {
  DoctorArguments& to = line.arguments;
  doctor.add_option("target", to.target, "The server, with its port; or a domain")
      ->type_name("HOST[:PORT]|DOMAIN");
  doctor.add_option("--port", line.port, "Its port, where the target has none")
      ->check(CLI::Range(1, 65535))
      ->type_name("PORT");
  doctor
      .add_option("--tls", to.encryption,
                  "implicit (SSL/TLS from the start), starttls or none; what fits the port by "
                  "default")
      ->check(CLI::IsMember({"implicit", "starttls", "none"}))
      ->type_name("MODE");
  doctor
      .add_option("--settings", to.settings_file,
                  "Take server and login from the settings file of Nodemailer, PHPMailer, Django, "
                  "Laravel, msmtp, Postfix, WP Mail SMTP or Waypost")
      ->type_name("FILE");
  CLI::Option* v4 = doctor.add_flag("-4", to.v4_only, "IPv4 only");
  doctor.add_flag("-6", to.v6_only, "IPv6 only")->excludes(v4);
  doctor.add_option("--hello", to.hello, "Our name in EHLO; our address by default")
      ->type_name("NAME");
  doctor.add_flag(
      "--patient", to.patient,
      "Wait for each answer as long as RFC 5321 has servers take: five minutes and more");
}

void add_mail(CLI::App& doctor, DoctorLine& line) {
  DoctorArguments& to = line.arguments;
  doctor.add_option("--user", to.user, "Log in with this name")->type_name("NAME");
  CLI::Option* file =
      doctor
          .add_option("--password-file", to.password_file,
                      "The password's file; one line end at its end is not part of it")
          ->type_name("FILE");
  doctor
      .add_option("--password-fd", to.password_descriptor,
                  "The same from an open descriptor, such as 3 with 3<FILE or 3< <(command)")
      ->check(CLI::Range(0, 65535))
      ->excludes(file)
      ->type_name("N");
  // Known only so that it is refused without being repeated.
  doctor.add_option("--password,--pass,-p", line.refused)->group("");
  CLI::Option* mechanism =
      doctor
          .add_option("--mechanism", to.mechanism, "PLAIN, LOGIN, XOAUTH2 ...; the best by default")
          ->type_name("NAME");
  doctor
      .add_flag("--oauth", to.oauth,
                "The password is an access token, for XOAUTH2 or OAUTHBEARER, whichever is offered")
      ->excludes(mechanism);
  doctor.add_option("--from", to.from, "The sender; the user by default")->type_name("ADDRESS");
  doctor.add_option("--to", to.to, "A recipient to ask about; alone: walk to its mail host")
      ->type_name("ADDRESS");
  doctor.add_flag("--send", to.send, "Really send a message to --to, and to each of --seeds");
  doctor
      .add_option("--seeds", to.seeds_file,
                  "With --send: the file of our own mailboxes, that are then looked into over IMAP")
      ->type_name("FILE");
}

void add_forms(CLI::App& doctor, DoctorLine& line) {
  DoctorArguments& to = line.arguments;
  CLI::Option* lines =
      doctor.add_flag("--jsonl", to.json_lines, "One JSON object a step, as it is known");
  CLI::Option* nagios = doctor.add_flag("--nagios", to.nagios,
                                        "One line for Nagios and Icinga, with their exit codes");
  CLI::Option* markdown = doctor.add_flag("--markdown", to.markdown, "A report for a ticket");
  nagios->excludes(lines);
  markdown->excludes(lines)->excludes(nagios);
}

}  // namespace

void add_doctor_command(CLI::App& app, DoctorLine& line) {
  CLI::App* doctor = app.add_subcommand(
      "doctor", "Why mail does not go out: the first thing that is broken, and what helps");
  doctor->footer(examples);
  add_target(*doctor, line);
  add_mail(*doctor, line);
  add_forms(*doctor, line);
  doctor->callback([&line, doctor] {
    line.command = [&line, doctor] {
      if (doctor->count("--password") > 0) {
        note(
            "waypost doctor: a password is never an argument, where all users of the machine can "
            "read it: use --password-file, WAYPOST_PASSWORD, or wait to be asked\n");
        return exit_code::usage;
      }
      line.arguments.facts = doctor->get_parent()->count("--verbose") > 1;
      if (doctor->count("--port") > 0) line.arguments.port = line.port;
      return doctor_command(line.global, line.arguments);
    };
  });
}

}  // namespace waypost::cli
