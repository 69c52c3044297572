#include "cli/relay_object.h"

#include <boost/json.hpp>

#include "cli/load_config.h"
#include "cli/relay_client.h"
#include "config/data_paths.h"

namespace waypost::cli {

namespace json = boost::json;

tl::expected<json::object, int> ask_for_object(const Global& global, const std::string& request,
                                               Duration patience) {
  auto config = load_config(global, false);
  if (!config) return tl::unexpected(config.error());
  const std::string socket = config::DataPaths(config->data_dir).control_socket;
  Result<std::string> answer = ask_relay(socket, request, patience);
  if (!answer) {
    if (nobody_listens(answer.error())) {
      note("waypost: Waypost is not running; only the running relay can do that\n");
      return tl::unexpected(exit_code::temporary);
    }
    return tl::unexpected(
        report(std::move(answer).error().while_doing("asking the relay at " + socket)));
  }
  json::error_code error;
  json::value value = json::parse(*answer, error);
  if (error || !value.is_object()) {
    note("waypost: the relay stopped before it answered\n");
    return tl::unexpected(exit_code::could_not_finish);
  }
  const json::value* refusal = value.get_object().if_contains("error");
  if (refusal && refusal->is_string())
    return tl::unexpected(
        report(Error(ErrorCode::invalid_input, std::string(refusal->get_string()))));
  return std::move(value.get_object());
}

}  // namespace waypost::cli
