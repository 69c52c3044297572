#include "cli/cli.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/version.h"
#include "cli/admin_options.h"
#include "cli/dkim_options.h"
#include "cli/doctor_options.h"
#include "cli/domains_options.h"
#include "cli/explain_command.h"
#include "cli/follow_commands.h"
#include "cli/keys_command.h"
#include "cli/known_sites_command.h"
#include "cli/ledger_command.h"
#include "cli/limit_commands.h"
#include "cli/load_config.h"
#include "cli/narrowing_option.h"
#include "cli/output_end.h"
#include "cli/providers_command.h"
#include "cli/queue_options.h"
#include "cli/reload_command.h"
#include "cli/safety_options.h"
#include "cli/send_command.h"
#include "cli/sendmail_command.h"
#include "cli/spf_options.h"
#include "cli/suppression_options.h"
#include "cli/terminal.h"
#include "cli/top_command.h"
#include "cli/trace_command.h"
#include "io/asio_loop.h"

namespace waypost::cli {
namespace {

const std::string version = "waypost " + std::string(base::version);

// What the command line said, and the command that it chose. Every option writes into a member, so
// the whole lives as long as the parser.
struct CommandLine {
  explicit CommandLine(const Hooks& the_hooks) : hooks(the_hooks) {}

  const Hooks& hooks;
  CLI::App app{"Send your own mail, and know why it did or did not arrive."};
  Global global;
  std::function<int()> command;

  NewKey new_key;
  std::string key_name;
  std::string what;
  AdminLine admin{global, command, {}};
  QueueLine queue{global, command, {}, {}};
  LimitLine limit{global, command};
  SuppressionLine suppressions{global, command, {}};
  SafetyLine safety{global, command, {}, {}, {}};
  DoctorLine doctor{global, command, {}, 0, {}};
  SpfLine spf{global, command, {}, {}, {global, command, {}}};
  DkimLine dkim{global, command, {}, {}, {}, {}};
  DomainsLine domains{global, command, {}};
  std::vector<std::string> sendmail_arguments;
  CheckArguments check;
  SendArguments send;
  TraceArguments trace;
  bool top_once = false;
  bool providers_known = false;
  ExplainArguments explain;
  DemoArguments demo;
  std::string demo_time;
  uint16_t demo_port = 0;
  bool demo_no_browser = false;
  bool captures = false;
  std::string capture_data;
  uint16_t capture_port = 0;
  uint16_t capture_http_port = 0;
};

void add_global_options(CommandLine& line) {
  CLI::App& app = line.app;
  Global& global = line.global;
  app.set_version_flag("--version", version);
  app.add_option("--config", global.config_file, "Configuration file")->type_name("FILE");
  app.add_option("--resolver", global.resolver, "DNS resolver instead of the configured one")
      ->type_name("ADDR[:PORT]");
  app.add_option("--ca-file", global.ca_file, "Certificate authorities to trust, PEM")
      ->type_name("FILE");
  static const std::map<std::string, ColorChoice> colors{{"auto", ColorChoice::automatic},
                                                         {"always", ColorChoice::always},
                                                         {"never", ColorChoice::never}};
  app.add_option("--color", global.color, "auto, always or never")
      ->transform(CLI::CheckedTransformer(colors))
      ->type_name("WHEN");
  app.add_flag("--json", global.json, "One JSON document, or one JSON object a line");
  app.add_flag("-v,--verbose", global.verbose, "Say more");
  app.add_flag("-q,--quiet", global.quiet, "Say only what was asked for");
  app.require_subcommand(1);
  // Global options may stand behind the command, too.
  app.fallthrough();
}

void add_explain_command(CommandLine& line) {
  ExplainArguments& to = line.explain;
  CLI::App* explain = line.app.add_subcommand(
      "explain", "What a reply means, who must act, and what to do; or the page behind an id");
  explain
      ->add_option("text", to.words,
                   "A reply as the server said it, an id of a page, a file that holds a bounce, a "
                   "report or a reply, or - for standard input")
      ->type_name("TEXT|ID|FILE");
  explain
      ->add_option("--provider,--mx", to.provider,
                   "Who said it: a provider's name, or the mail host")
      ->type_name("NAME|HOST");
  explain->add_option("--phase", to.phase, "What it answers: connect, mail, rcpt, content ...")
      ->type_name("PHASE");
  explain->add_option("--our-ip", to.own_ip, "The address that you send from")->type_name("ADDR");
  explain->add_option("--our-domain", to.own_domain, "The domain that you send for")
      ->type_name("DOMAIN");
  explain->add_option("--rules", to.rules_folder, "Folder of your own rules, in its replies/*.toml")
      ->type_name("FOLDER")
      ->capture_default_str();
  explain->add_flag("--lines", to.lines,
                    "Read replies from standard input, one a line or one JSON object a line, and "
                    "answer each with one JSON line");
  explain
      ->add_option(
          "--log", to.log.file,
          "Sum up a mail log by provider and cause, the worst first: Postfix, Exim, "
          "Sendmail, OpenSMTPD, PHPMailer and Nodemailer debug output, events of SendGrid, "
          "Mailgun, SES, Postmark and Waypost; also packed with gzip, xz or zstd")
      ->type_name("FILE");
  explain
      ->add_option("--since", to.log.since,
                   "With --log: only what is newer than so long ago, a date or a time")
      ->type_name("TIME");
  explain->add_flag("-f,--follow", to.log.follow, "With --log: wait for more lines");
  explain->add_flag("--list", to.list,
                    "List the pages: all, a kind (rules, classes, codes, lists, providers, "
                    "topics), or those whose id holds TEXT");
  explain->add_flag("--unknown", to.unknown,
                    "Count the texts that no rule knows, masked: of the relay's event log, or of "
                    "standard input with -");
  explain->add_flag("--stub", to.stub, "With --unknown: print them as rules to be completed");
  explain->callback(
      [&line] { line.command = [&line] { return explain_command(line.global, line.explain); }; });
}

io::SupervisorVariables supervisor_variables() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  return {variable("NOTIFY_SOCKET"), variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"),
          variable("LISTEN_FDS"),    variable("LISTEN_PID"),    variable("LISTEN_FDNAMES")};
}

int run_capture(const CommandLine& line, const CLI::App& serve) {
  if (line.app.count("--config") > 0) {
    note("waypost: --capture has a configuration of its own: leave --config out\n");
    return exit_code::usage;
  }
  if (!line.capture_data.empty() && !line.capture_data.starts_with('/')) {
    note("waypost: --data wants a folder as an absolute path\n");
    return exit_code::usage;
  }
  CaptureArguments arguments;
  arguments.data_dir = line.capture_data;
  if (serve.count("--port") > 0) arguments.port = line.capture_port;
  if (serve.count("--http-port") > 0) arguments.http_port = line.capture_http_port;
  return line.hooks.capture(std::move(arguments));
}

void add_server_commands(CommandLine& line) {
  CLI::App* serve = line.app.add_subcommand("serve", "Run the relay until SIGTERM or SIGINT");
  CLI::Option* captures = serve->add_flag(
      "--capture", line.captures,
      "Take mail from the programs of this machine, keep and show it, and send none of it: SMTP on "
      "port 1025, the dashboard on 8025; without a configuration");
  serve->add_option("--data", line.capture_data, "With --capture: keep the mail in this folder")
      ->type_name("FOLDER")
      ->needs(captures);
  serve->add_option("--port", line.capture_port, "With --capture: the port for SMTP")
      ->needs(captures);
  serve->add_option("--http-port", line.capture_http_port, "With --capture: that of the dashboard")
      ->needs(captures);
  serve->callback([&line, serve] {
    line.command = [&line, serve] {
      if (line.captures) return run_capture(line, *serve);
      io::hold_hangups();
      auto setup = load_setup(line.global);
      if (!setup) return setup.error();
      return line.hooks.serve({*std::move(setup), line.global.ca_file, supervisor_variables(),
                               [global = line.global] { return load_setup_quietly(global); }});
    };
  });
  CLI::App* reload =
      line.app.add_subcommand("reload", "Have the running relay read its configuration again");
  reload->callback([&line] { line.command = [&line] { return reload_command(line.global); }; });
  CLI::App* check = line.app.add_subcommand("check", "Check the configuration");
  check->add_flag("--online", line.check.online,
                  "Also what receivers see of this machine: its names, block lists, port 25");
  check
      ->add_option("--towards", line.check.towards,
                   "With --online: whose mail hosts are connected to")
      ->type_name("DOMAIN")
      ->check(not_empty())
      ->capture_default_str();
  check->callback(
      [&line] { line.command = [&line] { return check_command(line.global, line.check); }; });
}

// Whether somebody sits there who could look at a page.
bool has_desktop() {
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value && *value != '\0';
  };
  return output_is_terminal() && (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"));
}

int run_demo(CommandLine& line, const CLI::App& demo) {
  if (!line.demo_time.empty()) {
    Result<Duration> time = base::parse_duration(line.demo_time);
    if (!time) return report(time.error());
    line.demo.run_for = *time;
  } else if (!output_is_terminal()) {
    line.demo.run_for = Duration::zero();
  }
  if (demo.count("--port") > 0) line.demo.port = line.demo_port;
  line.demo.opens_browser = has_desktop() && !line.demo_no_browser;
  line.demo.color = colors_output(line.global.color);
  line.demo.trace = [global = line.global](const std::string& file, const std::string& id) {
    Global demo_global = global;
    demo_global.config_file = file;
    trace_command(demo_global, {.what = id});
  };
  return line.hooks.demo(line.demo);
}

void add_demo_command(CommandLine& line) {
  CLI::App* demo = line.app.add_subcommand(
      "demo", "See the relay at work with pretend providers; nothing leaves this machine");
  demo->add_option(
          "--for", line.demo_time,
          "Let mail come for three quarters of this time (\"60s\"), end once all is settled "
          "and at the latest after it; without, until Ctrl-C on a terminal")
      ->type_name("TIME");
  demo->add_option("--messages", line.demo.messages, "Messages to send")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  demo->add_option("--seed", line.demo.seed,
                   "The same seed gives the same letters in the same order, and the same answers; "
                   "with --for how many it is depends on the time as well")
      ->capture_default_str();
  demo->add_option("--port", line.demo_port,
                   "Submission port; 1025 unless it is taken, and with 0 free ones for all");
  demo->add_flag("--no-browser", line.demo_no_browser,
                 "Do not open the dashboard, but print its link alone");
  demo->footer(line.hooks.demo_help);
  demo->callback([&line, demo] { line.command = [&line, demo] { return run_demo(line, *demo); }; });
}

void add_keys_commands(CommandLine& line) {
  CLI::App* keys = line.app.add_subcommand(
      "keys", "With what applications log in, and what signs the mail of a domain");
  keys->require_subcommand(1);
  keys->fallthrough();
  CLI::App* create = keys->add_subcommand("create", "Make a key; prints its password once");
  create->add_option("name", line.new_key.name, "The login")->required()->type_name("NAME");
  create->add_option("--tenant", line.new_key.tenant, "Whose mail it sends")->capture_default_str();
  create->add_option("--stream", line.new_key.stream, "The stream that its mail belongs to")
      ->capture_default_str();
  CLI::App* senders = create->add_option_group("As whom it may send", "One of these is needed");
  senders
      ->add_option("--domain", line.new_key.domains,
                   "A domain, or *.DOMAIN for all below it; may stand several times")
      ->type_name("DOMAIN")
      ->allow_extra_args(false);
  senders->add_flag("--any-sender", line.new_key.any_sender, "Any address");
  senders->require_option(1);
  create
      ->add_option("--scope", line.new_key.scopes,
                   "What it is good for: send (the default), read, admin; may stand several times")
      ->type_name("SCOPE")
      ->allow_extra_args(false);
  create->callback([&line] {
    line.command = [&line] { return keys_create_command(line.global, line.new_key); };
  });
  CLI::App* ls = keys->add_subcommand("ls", "List the logins, or the keys that sign for a domain");
  ls->add_option("domain", line.domains.arguments.domain, "A domain that mail is sent from")
      ->type_name("DOMAIN")
      ->check(not_empty());
  ls->callback([&line] {
    line.command = [&line] {
      const DomainArguments& domain = line.domains.arguments;
      return domain.domain.empty() ? keys_ls_command(line.global)
                                   : domain_keys_ls_command(line.global, domain);
    };
  });
  CLI::App* revoke = keys->add_subcommand("revoke", "End a key for good");
  revoke->add_option("name", line.key_name, "The login")->required()->type_name("NAME");
  revoke->callback([&line] {
    line.command = [&line] { return keys_revoke_command(line.global, line.key_name); };
  });
  add_domain_keys_commands(*keys, line.domains);
}

void add_trace_command(CommandLine& line) {
  TraceArguments& to = line.trace;
  CLI::App* trace = line.app.add_subcommand("trace", "What happened to a message, or to many");
  trace
      ->add_option("what", to.what,
                   "A message id, an address, a Message-ID with its <>, or an SMTP session")
      ->type_name("ID|ADDRESS|<MESSAGE-ID>|SESSION")
      ->check(not_empty());
  add_narrowing(*trace, "--since", to.since, "Accepted since: \"2d\" ago, or a date or time of UTC",
                "TIME");
  add_narrowing(*trace, "--until", to.until, "Accepted before", "TIME");
  add_narrowing(*trace, "--domain", to.domain, "With a recipient in this domain", "DOMAIN");
  add_narrowing(*trace, "--class", to.reply_class, "With a reply of this class: mailbox-full",
                "CLASS");
  add_narrowing(*trace, "--host", to.host, "Tried at this mail host", "HOST");
  add_narrowing(*trace, "--from", to.from, "From this sender, or this domain", "ADDRESS|DOMAIN");
  add_narrowing(*trace, "--subject", to.subject,
                "With these words in its subject, or their beginnings", "WORDS");
  add_narrowing(*trace, "--tag", to.tag, "With this tag: kind or kind=invoice", "NAME[=VALUE]");
  trace->add_option("--limit", to.messages_max, "Messages to show, the newest")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  trace->add_flag("--transcript", to.transcript, "Show what both sides said, where it was kept");
  trace->callback(
      [&line] { line.command = [&line] { return trace_command(line.global, line.trace); }; });
}

void add_ledger_command(CommandLine& line) {
  CLI::App* ledger =
      line.app.add_subcommand("ledger",
                              "What became of every accepted recipient, by day, and whether the "
                              "sum is right (exit code 0: it is; 1: it is not; 2: not known)");
  ledger->callback([&line] { line.command = [&line] { return ledger_command(line.global); }; });
}

void add_follow_commands(CommandLine& line) {
  CLI::App* why = line.app.add_subcommand("why", "Why a message waits");
  why->add_option("id", line.what, "A message id")->required()->type_name("ID")->check(not_empty());
  why->callback(
      [&line] { line.command = [&line] { return why_command(line.global, line.what); }; });
}

void add_watch_commands(CommandLine& line) {
  CLI::App* providers = line.app.add_subcommand(
      "providers", "How each site takes our mail now, what limits it, and why");
  providers->add_flag("--known", line.providers_known,
                      "What Waypost knows of providers: mail hosts, stated limits, sources");
  providers->callback([&line] {
    line.command = [&line] {
      return line.providers_known ? known_sites_command(line.global)
                                  : providers_command(line.global);
    };
  });
}

void add_top_command(CommandLine& line) {
  CLI::App* top = line.app.add_subcommand("top", "How the relay does, each second; q ends it");
  top->add_flag("--once", line.top_once, "One picture, then end");
  top->callback(
      [&line] { line.command = [&line] { return top_command(line.global, line.top_once); }; });
}

void add_send_command(CommandLine& line) {
  SendArguments& to = line.send;
  CLI::App* send = line.app.add_subcommand("send", "Send a message through the relay here");
  send->add_option("--from", to.from, "The sender")->type_name("ADDRESS");
  send->add_option("--to", to.to, "A recipient; may be given again")->type_name("ADDRESS");
  send->add_option("--subject", to.subject, "The subject")->type_name("TEXT");
  send->add_option("--text", to.text, "The text; - for standard input")->type_name("TEXT");
  send->add_option("--html", to.html, "The same as HTML")->type_name("HTML");
  send->add_option("--file", to.file, "A message that is ready, instead")->type_name("FILE");
  send->add_flag("--wait", to.wait, "Print what happens to it, until all have it or will not");
  send->add_option("--timeout", to.timeout, "How long to wait (\"30s\")")
      ->type_name("TIME")
      ->capture_default_str();
  send->callback(
      [&line] { line.command = [&line] { return send_command(line.global, line.send); }; });
}

std::string base_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// Which argument is the command "sendmail"; past the end when it is another.
size_t position_of_sendmail(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "sendmail") return i;
    if (!argument.starts_with("-")) break;
    for (const char* with_value : {"--config", "--resolver", "--ca-file", "--color"})
      if (argument == with_value) ++i;
  }
  return arguments.size();
}

void add_sendmail_command(CommandLine& line) {
  CLI::App* sendmail = line.app.add_subcommand(
      "sendmail",
      "Hand in a message from standard input, as sendmail(8) does: -t, -i, -f ADDRESS, "
      "-F NAME, -bs, -bp, -N, -R, -V; works while the relay is down");
  sendmail->callback([&line] {
    line.command = [&line] {
      return sendmail_command(line.global, "sendmail", line.sendmail_arguments);
    };
  });
}

}  // namespace

int run(int argc, char** argv, const Hooks& hooks) {
  CommandLine line(hooks);
  const std::string program = argv[0] ? base_name(argv[0]) : "";
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (program == "sendmail" || program == "mailq" || program == "newaliases")
    return sendmail_command(line.global, program, arguments);
  // What stands behind "sendmail" is in the words of another program.
  const size_t sendmail = position_of_sendmail(arguments);
  if (sendmail < arguments.size()) argc = static_cast<int>(sendmail) + 2;
  line.sendmail_arguments.assign(
      arguments.begin() + static_cast<ptrdiff_t>(std::min(sendmail + 1, arguments.size())),
      arguments.end());
  add_global_options(line);
  add_server_commands(line);
  add_sendmail_command(line);
  add_send_command(line);
  add_explain_command(line);
  add_doctor_command(line.app, line.doctor);
  add_queue_commands(line.app, line.queue);
  add_limit_commands(line.app, line.limit);
  add_follow_commands(line);
  add_trace_command(line);
  add_ledger_command(line);
  add_suppression_commands(line.app, line.suppressions);
  add_keys_commands(line);
  add_admin_commands(line.app, line.admin);
  add_domains_commands(line.app, line.domains);
  add_watch_commands(line);
  add_top_command(line);
  add_safety_commands(line.app, line.safety);
  add_spf_commands(line.app, line.spf);
  add_dkim_commands(line.app, line.dkim);
  add_demo_command(line);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    // The parser misses a command even when there is one, only unknown: name that.
    std::vector<std::string> unknown = line.app.remaining(true);
    if (!unknown.empty())
      note(fmt::format("waypost does not know \"{}\"\n", base::escape_control(unknown.front())));
    line.app.exit(error);
    return exit_code::usage;
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" with code 0; everything else is a wrong call.
    int code = line.app.exit(error);
    return code == 0 ? exit_code::ok : exit_code::usage;
  }
  return with_output_written(line.command());
}

}  // namespace waypost::cli
