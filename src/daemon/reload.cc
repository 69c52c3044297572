#include "daemon/reload.h"

#include <boost/json.hpp>

#include "base/utf8.h"

namespace waypost::daemon {

std::string to_json_line(const ReloadOutcome& outcome) {
  auto texts = [](const std::vector<std::string>& lines) {
    boost::json::array array;
    for (const std::string& line : lines) array.emplace_back(base::to_valid_utf8(line));
    return array;
  };
  boost::json::object object{{"reloaded", outcome.done}};
  if (outcome.done)
    object["needs_restart"] = texts(outcome.needs_restart);
  else
    object["problems"] = texts(outcome.problems);
  return boost::json::serialize(object) + "\n";
}

std::vector<std::string> hold_back(const config::Config& now, config::Config& next) {
  std::vector<std::string> held;
  auto keep = [&held](const char* key, auto& value, const auto& old) {
    if (value == old) return;
    held.emplace_back(key);
    value = old;
  };
  keep("data_dir", next.data_dir, now.data_dir);
  keep("loops", next.loops, now.loops);
  keep("[dns]", next.dns, now.dns);
  keep("[events]", next.events, now.events);
  keep("[drop]", next.drop, now.drop);
  keep("[http]", next.http, now.http);
  keep("[records]", next.records, now.records);
  // A domain may have moved from one to the other: half of that would refuse its mail for good.
  if (next.return_paths != now.return_paths) keep("[[inbound]]", next.inbound, now.inbound);
  keep("[[return_path]]", next.return_paths, now.return_paths);
  keep("log.format", next.log.format, now.log.format);
  return held;
}

}  // namespace waypost::daemon
