#include "cli/queue_options.h"

#include <CLI/CLI.hpp>

#include "cli/narrowing_option.h"
#include "cli/queue_commands.h"

namespace waypost::cli {
namespace {

using queue::Act;

void add_selector(CLI::App& app, QueueArguments& to) {
  app.add_option("ids", to.ids, "Message ids")->type_name("ID")->check(not_empty());
  add_narrowing(app, "--recipient", to.recipient, "To this address", "ADDRESS");
  add_narrowing(app, "--domain", to.domain, "To this domain", "DOMAIN");
  add_narrowing(app, "--site", to.site, "At this site, as `queue ls --json` names it", "SITE");
  add_narrowing(app, "--sender", to.sender, "From this address; <> is the empty one", "ADDRESS");
  add_narrowing(app, "--login", to.login, "Handed in with this login", "NAME");
  add_narrowing(app, "--stream", to.stream, "Of this stream", "NAME");
  add_narrowing(app, "--tenant", to.tenant, "Of this tenant", "NAME");
  add_narrowing(app, "--older-than", to.older_than, "Accepted longer ago (\"2h\")", "TIME");
  add_narrowing(app, "--newer-than", to.newer_than, "Accepted since (\"10m\")", "TIME");
  add_narrowing(app, "--class", to.reply_class, "With a last reply of this class: mailbox-full",
                "CLASS");
  add_narrowing(app, "--hold", to.hold, "Held by this: deferred, paused, site_shut ...", "HOLD");
}

void add_act(CLI::App& queue, QueueLine& line, Act act, const char* help) {
  CLI::App* command = queue.add_subcommand(std::string(name(act)), help);
  add_selector(*command, line.queue);
  command->add_flag("--all", line.queue.all, "All that waits");
  if (act != Act::retry)
    command->add_option("--reason", line.queue.reason, "Why, for the event log")->type_name("TEXT");
  if (act == Act::reschedule)
    command->add_option("--at", line.queue.at, "When: 2026-11-21T09:00:00Z, or with an offset")
        ->type_name("TIME")
        ->required();
  command->add_flag("--dry-run", line.queue.dry_run, "Count only");
  command->callback([&line, act] {
    line.command = [&line, act] { return queue_act_command(line.global, act, line.queue); };
  });
}

void add_scope(CLI::App& app, PauseArguments& to) {
  add_narrowing(app, "--site", to.site, "Mail at this site", "SITE");
  add_narrowing(app, "--domain", to.domain, "Mail to this domain", "DOMAIN");
  add_narrowing(app, "--stream", to.stream, "Mail of this stream", "NAME");
  add_narrowing(app, "--tenant", to.tenant, "Mail of this tenant", "NAME");
  add_narrowing(app, "--sender-domain", to.sender_domain, "Mail from this domain", "DOMAIN");
  app.add_flag("--all", to.everything, "All mail");
}

void add_queue(CLI::App& app, QueueLine& line) {
  CLI::App* queue = app.add_subcommand("queue", "What waits, why, and what to do with it");
  queue->require_subcommand(1);
  queue->fallthrough();
  CLI::App* ls = queue->add_subcommand("ls", "List the recipients that wait");
  add_selector(*ls, line.queue);
  ls->add_option("--limit", line.queue.limit, "Recipients to show")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  ls->callback(
      [&line] { line.command = [&line] { return queue_ls_command(line.global, line.queue); }; });
  CLI::App* show = queue->add_subcommand("show", "All that is known of messages that wait");
  add_selector(*show, line.queue);
  show->add_flag("--all", line.queue.all, "All that waits");
  show->add_option("--limit", line.queue.limit, "Messages to show")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  show->callback(
      [&line] { line.command = [&line] { return queue_show_command(line.global, line.queue); }; });
  add_act(*queue, line, Act::hold, "Keep mail back until it is released");
  add_act(*queue, line, Act::release, "No longer keep it back");
  add_act(*queue, line, Act::retry, "Try now, whatever the schedule says");
  add_act(*queue, line, Act::cancel, "Never send it; nobody is told");
  add_act(*queue, line, Act::reschedule, "Send it at another time, at most 30 days ahead");
}

}  // namespace

void add_queue_commands(CLI::App& app, QueueLine& line) {
  add_queue(app, line);
  CLI::App* pause = app.add_subcommand(
      "pause",
      "Keep back all mail of a site, domain, stream, tenant or sender domain, also what "
      "comes later; without options, list the pauses");
  add_scope(*pause, line.pause);
  pause->add_option("--reason", line.pause.reason, "Why, for those who see it waiting")
      ->type_name("TEXT");
  add_narrowing(*pause, "--for", line.pause.lasts, "End by itself after this time (\"1h\")",
                "TIME");
  pause->callback(
      [&line] { line.command = [&line] { return pause_command(line.global, line.pause); }; });
  CLI::App* resume = app.add_subcommand("resume", "End a pause");
  add_scope(*resume, line.pause);
  resume->callback(
      [&line] { line.command = [&line] { return resume_command(line.global, line.pause); }; });
}

}  // namespace waypost::cli
