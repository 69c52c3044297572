#include "cli/reload_command.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/load_config.h"
#include "cli/relay_client.h"
#include "config/data_paths.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

std::vector<std::string> texts(const json::object& object, std::string_view key) {
  std::vector<std::string> lines;
  const json::value* list = object.if_contains(key);
  if (!list || !list->is_array()) return lines;
  for (const json::value& line : list->get_array())
    if (line.is_string()) lines.emplace_back(line.get_string());
  return lines;
}

int tell(const Global& global, const json::object& answer) {
  const json::value* done = answer.if_contains("reloaded");
  if (!done || !done->is_bool()) {
    note("waypost: the relay does not know how to reload: it is another version\n");
    return exit_code::could_not_finish;
  }
  for (const std::string& problem : texts(answer, "problems"))
    note("waypost: not reloaded: " + base::escape_control(problem) + "\n");
  if (!done->get_bool()) return exit_code::configuration;
  for (const std::string& key : texts(answer, "needs_restart"))
    note(fmt::format("waypost: the change of {} takes a restart\n", base::escape_control(key)));
  if (!global.quiet) print("configuration reloaded\n");
  return exit_code::ok;
}

}  // namespace

int reload_command(const Global& global) {
  // A broken file is shown at its best here, before the relay is asked.
  auto setup = load_setup(global);
  if (!setup) return setup.error();
  const std::string socket = config::DataPaths(setup->config.data_dir).control_socket;
  auto answer = ask_relay(socket, R"({"command":"reload"})");
  if (!answer && nobody_listens(answer.error())) {
    note(
        fmt::format("waypost: Waypost is not running with the data folder {}; a change of "
                    "data_dir takes a restart\n",
                    base::escape_control(setup->config.data_dir)));
    return exit_code::temporary;
  }
  if (!answer) {
    report(std::move(answer).error().while_doing("asking the relay at " + socket));
    return exit_code::could_not_finish;
  }
  json::error_code error;
  json::value value = json::parse(*answer, error);
  if (error || !value.is_object()) {
    note("waypost: the relay did not answer\n");
    return exit_code::could_not_finish;
  }
  if (!global.json) return tell(global, value.get_object());
  print(*answer);
  const json::value* done = value.get_object().if_contains("reloaded");
  return done && done->is_bool() && done->get_bool() ? exit_code::ok : exit_code::configuration;
}

}  // namespace waypost::cli
