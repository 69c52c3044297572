#include "cli/follow_commands.h"

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

int why_command(const Global& global, const std::string& id_text) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto id = MessageId::parse(id_text);
  if (!id) return report(id.error());
  config::DataPaths paths(config->data_dir);
  auto view = read_message(paths, *id);
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
