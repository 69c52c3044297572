#include "cli/queue_commands.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/load_config.h"
#include "cli/person.h"
#include "cli/queue_source.h"
#include "cli/relay_object.h"
#include "cli/standing_json.h"
#include "cli/timeline.h"
#include "cli/words.h"
#include "io/clock.h"
#include "io/drop_folder.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using queue::Act;

// A long queue is gone through in slices, and each change is written down.
constexpr Duration act_patience = std::chrono::minutes(10);

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}
uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_int64() ? static_cast<uint64_t>(value->get_int64()) : 0;
}

tl::expected<json::object, int> ask(const Global& global, const std::string& request) {
  return ask_for_object(global, request, act_patience);
}

std::string_view done_word(Act act) {
  switch (act) {
    case Act::hold:
      return "held";
    case Act::release:
      return "released";
    case Act::retry:
      return "sent on its way";
    case Act::cancel:
      return "cancelled";
    case Act::reschedule:
      return "rescheduled";
  }
  return "";
}

void tell(Act act, bool dry_run, const json::object& answer) {
  const std::string whom =
      fmt::format("{} of {}", count(number_of(answer, "recipients"), "recipient"),
                  count(number_of(answer, "messages"), "message"));
  if (dry_run)
    print(fmt::format("{} would be {}; nothing was changed\n", whom, done_word(act)));
  else
    print(fmt::format("{}: {}\n", whom, done_word(act)));
  if (uint64_t sending = number_of(answer, "sending"); sending > 0)
    print(fmt::format("{} being sent just now: too late to {} {}\n",
                      sending == 1 ? "1 recipient is" : fmt::format("{} recipients are", sending),
                      name(act), sending == 1 ? "it" : "them"));
}

void tell_paused(const json::object& answer) {
  const uint64_t paused = number_of(answer, "paused");
  if (paused > 0)
    note(
        fmt::format("  {} paused and stay{} so, with {} time: `waypost pause` lists the pauses, "
                    "`waypost resume` ends one.\n",
                    paused == 1 ? "1 recipient is" : fmt::format("{} recipients are", paused),
                    paused == 1 ? "s" : "", paused == 1 ? "its" : "their"));
}

queue::Pause pause_of(const json::object& object) {
  queue::Pause pause;
  pause.scope.kind =
      queue::parse_scope_kind(text_of(object, "scope")).value_or(queue::ScopeKind::everything);
  pause.scope.name = text_of(object, "name");
  pause.by = text_of(object, "by");
  pause.reason = text_of(object, "reason");
  pause.since = base::parse_rfc3339(text_of(object, "since")).value_or(WallTime());
  if (object.contains("until"))
    pause.until = base::parse_rfc3339(text_of(object, "until")).value_or(WallTime());
  return pause;
}

void print_pause(const Global& global, const json::object& pause) {
  print(styled(pause_of(pause).text(), Style::plain, colors_output(global.color)) + "\n");
}

int list_pauses(const Global& global) {
  auto answer = ask(global, R"({"command":"pauses"})");
  if (!answer) return answer.error();
  if (global.json) {
    print(json::serialize(*answer) + "\n");
    return exit_code::ok;
  }
  const json::value* pauses = answer->if_contains("pauses");
  if (!pauses || !pauses->is_array()) return exit_code::could_not_finish;
  for (const json::value& pause : pauses->get_array())
    if (pause.is_object()) print_pause(global, pause.get_object());
  if (pauses->get_array().empty() && !global.quiet) note("  Nothing is paused.\n");
  return exit_code::ok;
}

std::string page_of(const spool::Envelope& envelope, const std::vector<queue::Standing>& standings,
                    WallTime now, bool color) {
  std::string page = render_timeline({}, {standings.front()}, now, color);
  page.erase(page.find('\n') + 1);
  auto add = [&](std::string_view label, const std::string& value) {
    if (!value.empty())
      page += fmt::format("  {:<12}{}\n", label, styled(value, Style::plain, color));
  };
  add("recipients",
      fmt::format("{}, of whom {} wait", envelope.recipients.size(), standings.size()));
  add("size", count(envelope.size_octets, "octet"));
  add("Message-ID", envelope.message_id);
  add("tenant", envelope.tenant);
  add("stream", envelope.stream);
  add("login", envelope.login);
  add("client", envelope.client);
  add("session", envelope.session);
  add("inbound", envelope.inbound ? "yes" : "");
  add("SMTPUTF8", envelope.smtputf8 ? "yes" : "");
  add("ENVID", envelope.dsn.envelope_id);
  for (const queue::Standing& standing : standings) page += render_standing(standing, now, color);
  return page;
}

json::object json_of(const spool::Envelope& envelope,
                     const std::vector<queue::Standing>& standings) {
  json::array waiting;
  for (const queue::Standing& standing : standings) waiting.push_back(standing_json(standing));
  return {{"id", envelope.id.text()},
          {"accepted_at", base::to_rfc3339(envelope.accepted_at)},
          {"expires_at", base::to_rfc3339(envelope.expires_at)},
          {"sender", envelope.sender ? envelope.sender->text() : ""},
          {"recipients", envelope.recipients.size()},
          {"size", envelope.size_octets},
          {"message_id", envelope.message_id},
          {"tenant", envelope.tenant},
          {"stream", envelope.stream},
          {"login", envelope.login},
          {"client", envelope.client},
          {"session", envelope.session},
          {"inbound", envelope.inbound},
          {"smtputf8", envelope.smtputf8},
          {"envelope_id", envelope.dsn.envelope_id},
          {"waiting", std::move(waiting)}};
}

void show_message(const Global& global, const QueueView& view) {
  print(global.json ? json::serialize(json_of(*view.envelope, view.standings)) + "\n"
                    : page_of(*view.envelope, view.standings, io::SystemClock().wall_now(),
                              colors_output(global.color)));
}

Result<std::set<MessageId>> waiting_ids(const config::DataPaths& paths,
                                        const queue::Selector& selector) {
  constexpr uint64_t recipients_max = 100'000;
  TRY(QueueView view, read_queue(paths, selector, recipients_max));
  std::set<MessageId> ids;
  for (const queue::Standing& standing : view.standings) ids.insert(standing.id);
  return ids;
}

// What is neither queue nor log yet. Not everybody may see it.
void note_left_mail(const config::DataPaths& paths) {
  constexpr size_t names_max = 100'000;
  auto names = io::DropFolder(paths.drop).names(names_max);
  if (names && !names->empty())
    note(fmt::format("  {} more in {}: the relay takes what was left there when it runs\n",
                     count(names->size(), "message"), base::escape_control(paths.drop)));
}

// Why there was nothing to do, where people may wonder.
void note_nothing_done(const Global& global, Act act, const QueueArguments& arguments) {
  note(fmt::format("  There is nothing of that to {}.\n", name(act)));
  if (act != Act::retry) return;
  auto config = load_config(global, false);
  auto selector = selector_of(arguments);
  if (!config || !selector) return;
  auto view = read_queue(config::DataPaths(config->data_dir), *selector, arguments.limit);
  if (!view) return;
  const bool is_held = std::any_of(
      view->standings.begin(), view->standings.end(),
      [](const queue::Standing& standing) { return standing.hold == queue::Hold::held; });
  if (is_held) note("  It is held: `waypost queue release` lets it go.\n");
}

}  // namespace

int queue_ls_command(const Global& global, const QueueArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto selector = selector_of(arguments);
  if (!selector) return report(selector.error());
  const config::DataPaths paths(config->data_dir);
  auto view = read_queue(paths, *selector, arguments.limit);
  if (!view) return report(view.error());
  std::sort(view->standings.begin(), view->standings.end(),
            [](const queue::Standing& a, const queue::Standing& b) {
              return std::tie(a.id, a.recipient) < std::tie(b.id, b.recipient);
            });
  WallTime now = io::SystemClock().wall_now();
  bool color = colors_output(global.color);
  for (const queue::Standing& standing : view->standings)
    print(global.json ? json::serialize(standing_json(standing)) + "\n"
                      : render_queue_line(standing, now, color));
  if (!global.quiet)
    note(fmt::format("  {}, {} wait{}{}{}\n", count(view->messages, "message"),
                     count(view->recipients, "recipient"),
                     selector->selects_something()
                         ? fmt::format("; {} of them shown", view->standings.size())
                         : "",
                     view->relay_runs ? "" : "; Waypost is not running",
                     view->complete ? "" : "; not all are shown, --limit N shows more"));
  if (!global.quiet) note_left_mail(paths);
  return exit_code::ok;
}

int queue_show_command(const Global& global, const QueueArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  const config::DataPaths paths(config->data_dir);
  auto selector = selector_of(arguments);
  if (!selector) return report(selector.error());
  if (!selector->selects_something()) {
    note("waypost: say which messages to show: ids or options that select, or --all for all\n");
    return exit_code::usage;
  }
  auto ids = waiting_ids(paths, *selector);
  if (!ids) return report(ids.error());
  uint64_t shown = 0;
  for (auto id = ids->begin(); id != ids->end() && shown < arguments.limit; ++id) {
    auto view = read_message(paths, *id);
    if (!view) return report(view.error());
    if (view->standings.empty() || !view->envelope) continue;  // it went just now
    if (shown++ > 0 && !global.json) print("\n");
    show_message(global, *view);
  }
  if (ids->size() > arguments.limit && !global.quiet)
    note(fmt::format("  {} of {} messages; --limit N shows more.\n", shown, ids->size()));
  if (shown > 0) return exit_code::ok;
  if (!global.quiet)
    note("  Nothing of that waits; `waypost trace` tells what happened to a message.\n");
  return exit_code::negative;
}

int queue_act_command(const Global& global, Act act, const QueueArguments& arguments) {
  auto request = act_request(act, arguments);
  if (!request) return report(request.error());
  auto answer = ask(global, *request);
  if (!answer) return answer.error();
  const bool changed = number_of(*answer, "recipients") > 0;
  if (global.json) {
    (*answer)["action"] = name(act);
    (*answer)["dry_run"] = arguments.dry_run;
    print(json::serialize(*answer) + "\n");
  } else if (changed || number_of(*answer, "sending") > 0) {
    tell(act, arguments.dry_run, *answer);
  } else if (!global.quiet) {
    note_nothing_done(global, act, arguments);
  }
  if (!global.json && !global.quiet) tell_paused(*answer);
  return changed ? exit_code::ok : exit_code::negative;
}

int pause_command(const Global& global, const PauseArguments& arguments) {
  auto scope = scope_of(arguments);
  if (!scope) return report(scope.error());
  if (!*scope) {
    if (arguments.reason.empty() && arguments.lasts.empty()) return list_pauses(global);
    note("waypost: say what to pause; --all is everything\n");
    return exit_code::usage;
  }
  auto request =
      pause_request(**scope, arguments, person().substr(0, queue::pause_text_octets_max));
  if (!request) return report(request.error());
  auto answer = ask(global, *request);
  if (!answer) return answer.error();
  const json::value* pause = answer->if_contains("paused");
  if (!pause || !pause->is_object()) return exit_code::could_not_finish;
  if (global.json)
    print(json::serialize(*answer) + "\n");
  else
    print_pause(global, pause->get_object());
  return exit_code::ok;
}

int resume_command(const Global& global, const PauseArguments& arguments) {
  auto scope = scope_of(arguments);
  if (!scope) return report(scope.error());
  if (!*scope) {
    note("waypost: say what goes on; `waypost pause` lists what is paused\n");
    return exit_code::usage;
  }
  auto answer = ask(global, resume_request(**scope));
  if (!answer) return answer.error();
  const json::value* resumed = answer->if_contains("resumed");
  const bool found = resumed && resumed->is_bool() && resumed->get_bool();
  if (global.json)
    print(json::serialize(*answer) + "\n");
  else if (!global.quiet)
    note(found ? "  It goes on.\n" : "  No such pause; `waypost pause` lists them.\n");
  return found ? exit_code::ok : exit_code::negative;
}

}  // namespace waypost::cli
