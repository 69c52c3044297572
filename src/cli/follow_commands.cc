#include "cli/follow_commands.h"

#include <algorithm>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/load_config.h"
#include "cli/queue_source.h"
#include "cli/timeline.h"
#include "io/clock.h"
#include "io/disk.h"
#include "records/event_reader.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

// Beyond this a trace by address keeps only its newest events in memory.
constexpr size_t events_kept_max = 100'000;

json::object to_json(const queue::Standing& standing) {
  json::object object{{"id", standing.id.text()},
                      {"sender", standing.sender},
                      {"recipient", standing.recipient},
                      {"stream", standing.stream},
                      {"site", standing.site},
                      {"size", standing.size_octets},
                      {"accepted_at", base::to_rfc3339(standing.accepted_at)},
                      {"expires_at", base::to_rfc3339(standing.expires_at)},
                      {"hold", queue::name(standing.hold)},
                      {"reason", base::to_valid_utf8(standing.reason)},
                      {"limit_origin", standing.limit_origin},
                      {"attempts", standing.attempts},
                      {"last_reply", base::to_valid_utf8(standing.last_reply)},
                      {"last_host", standing.last_host}};
  if (standing.next_attempt_at != WallTime())
    object["next_attempt_at"] = base::to_rfc3339(standing.next_attempt_at);
  return object;
}

void note_damage(const records::EventsRead& read) {
  if (read.damaged_lines > 0)
    note(
        fmt::format("  {} damaged lines of the event log were passed over.\n", read.damaged_lines));
  if (read.lost_events > 0)
    note(fmt::format("  {} events were never written, since the disk did not take them.\n",
                     read.lost_events));
}

Result<std::vector<events::Event>> read_history(const config::DataPaths& paths,
                                                const records::EventFilter& filter) {
  std::vector<events::Event> history;
  auto disk = io::make_system_disk();
  TRY(records::EventsRead read,
      records::read_events(*disk, paths.events, filter, [&](const events::Event& event) {
        if (history.size() >= 2 * events_kept_max)
          history.erase(history.begin(), history.begin() + events_kept_max);
        history.push_back(event);
        return true;
      }));
  note_damage(read);
  return history;
}

// Events that belong together, in the order in which each message began.
std::vector<std::vector<events::Event>> by_message(std::vector<events::Event> history) {
  std::vector<std::vector<events::Event>> groups;
  std::map<MessageId, size_t> group_of;
  for (events::Event& event : history) {
    if (!event.message) {
      groups.push_back({std::move(event)});
      continue;
    }
    auto [place, is_new] = group_of.try_emplace(*event.message, groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(std::move(event));
  }
  return groups;
}

void print_trace(const Global& global, const std::vector<events::Event>& events,
                 const std::vector<queue::Standing>& waiting) {
  if (!global.json) {
    print(render_timeline(events, waiting, io::SystemClock().wall_now(),
                          colors_output(global.color)));
    return;
  }
  for (const events::Event& event : events) print(events::to_json_line(event) + "\n");
  for (const queue::Standing& standing : waiting)
    print(json::serialize(json::object{{"waiting", to_json(standing)}}) + "\n");
}

int trace_message(const Global& global, const config::DataPaths& paths, MessageId id) {
  records::EventFilter filter;
  filter.message = id;
  auto history = read_history(paths, filter);
  if (!history) return report(history.error());
  auto queue = read_queue(paths, id, UINT64_MAX);
  if (!queue) return report(queue.error());
  if (history->empty() && queue->standings.empty()) {
    note(
        fmt::format("waypost: no message {} in the event log or the queue\n"
                    "  The log keeps as much as [events] keep_files allows; older mail is gone "
                    "from it.\n",
                    id.text()));
    return exit_code::negative;
  }
  print_trace(global, *history, queue->standings);
  return exit_code::ok;
}

int trace_address(const Global& global, const config::DataPaths& paths, const std::string& address,
                  uint64_t messages_max) {
  records::EventFilter filter;
  filter.address = address;
  auto history = read_history(paths, filter);
  if (!history) return report(history.error());
  auto groups = by_message(*std::move(history));
  if (groups.empty()) {
    note(fmt::format("waypost: nothing to or from {} in the event log\n", address));
    return exit_code::negative;
  }
  size_t first = groups.size() > messages_max ? groups.size() - messages_max : 0;
  if (first > 0 && !global.quiet)
    note(fmt::format("  The newest {} of {} messages; --limit N shows more.\n", messages_max,
                     groups.size()));
  for (size_t i = first; i < groups.size(); ++i) {
    print_trace(global, groups[i], {});
    if (!global.json && i + 1 < groups.size()) print("\n");
  }
  return exit_code::ok;
}

}  // namespace

int queue_ls_command(const Global& global, uint64_t limit) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto view = read_queue(config::DataPaths(config->data_dir), std::nullopt, limit);
  if (!view) return report(view.error());
  std::sort(view->standings.begin(), view->standings.end(),
            [](const queue::Standing& a, const queue::Standing& b) {
              return std::tie(a.id, a.recipient) < std::tie(b.id, b.recipient);
            });
  WallTime now = io::SystemClock().wall_now();
  bool color = colors_output(global.color);
  for (const queue::Standing& standing : view->standings)
    print(global.json ? json::serialize(to_json(standing)) + "\n"
                      : render_queue_line(standing, now, color));
  if (!global.quiet)
    note(fmt::format("  {} messages, {} recipients wait{}{}\n", view->messages, view->recipients,
                     view->relay_runs ? "" : "; Waypost is not running",
                     view->complete ? "" : "; not all are shown, --limit N shows more"));
  return exit_code::ok;
}

int trace_command(const Global& global, const std::string& what, uint64_t messages_max) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  config::DataPaths paths(config->data_dir);
  if (auto id = MessageId::parse(what)) return trace_message(global, paths, *id);
  if (what.find('@') != std::string::npos) return trace_address(global, paths, what, messages_max);
  note("waypost: trace takes a message id, as in the reply \"queued as ...\", or an address\n");
  return exit_code::usage;
}

int why_command(const Global& global, const std::string& id_text) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto id = MessageId::parse(id_text);
  if (!id) return report(id.error());
  config::DataPaths paths(config->data_dir);
  auto view = read_queue(paths, *id, UINT64_MAX);
  if (!view) return report(view.error());
  if (view->standings.empty()) {
    if (!global.quiet) note("  Nothing of this message waits. What happened to it:\n");
    return trace_message(global, paths, *id);
  }
  WallTime now = io::SystemClock().wall_now();
  bool color = colors_output(global.color);
  for (const queue::Standing& standing : view->standings)
    print(global.json ? json::serialize(to_json(standing)) + "\n"
                      : render_standing(standing, now, color));
  return exit_code::ok;
}

}  // namespace waypost::cli
