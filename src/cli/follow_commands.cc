#include "cli/follow_commands.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/load_config.h"
#include "cli/queue_source.h"
#include "cli/standing_json.h"
#include "cli/timeline.h"
#include "cli/trace_command.h"
#include "io/clock.h"

namespace waypost::cli {

namespace json = boost::json;

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
    print(global.json ? json::serialize(standing_json(standing)) + "\n"
                      : render_queue_line(standing, now, color));
  if (!global.quiet)
    note(fmt::format("  {} messages, {} recipients wait{}{}\n", view->messages, view->recipients,
                     view->relay_runs ? "" : "; Waypost is not running",
                     view->complete ? "" : "; not all are shown, --limit N shows more"));
  return exit_code::ok;
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
    return trace_command(global, {.what = id_text});
  }
  WallTime now = io::SystemClock().wall_now();
  bool color = colors_output(global.color);
  for (const queue::Standing& standing : view->standings)
    print(global.json ? json::serialize(standing_json(standing)) + "\n"
                      : render_standing(standing, now, color));
  return exit_code::ok;
}

}  // namespace waypost::cli
