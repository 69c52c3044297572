#include "daemon/pause_file.h"

#include <boost/json.hpp>

#include "api/pause_json.h"
#include "daemon/queue_requests.h"

namespace waypost::daemon {

namespace json = boost::json;

std::string encode_pauses(const std::vector<queue::Pause>& pauses) {
  json::array list;
  for (const queue::Pause& pause : pauses) list.push_back(api::to_json(pause));
  return encode_list("pauses", std::move(list));
}

Result<std::vector<queue::Pause>> decode_pauses(std::string_view octets) {
  TRY(json::array list, decode_list(octets, "pauses", queue::pauses_max));
  std::vector<queue::Pause> pauses;
  for (const json::value& one : list) {
    if (!one.is_object()) return failure(ErrorCode::corrupt, "a pause is no JSON object");
    Result<queue::Pause> pause = parse_pause(one.get_object());
    if (!pause) return failure(ErrorCode::corrupt, pause.error().message());
    pauses.push_back(*std::move(pause));
  }
  return pauses;
}

Kept<queue::Pause> load_pauses(io::Disk& disk, const std::string& path, WallTime now) {
  return load_list<queue::Pause>(
      disk, path, "no pause holds any longer, and its mail goes out", decode_pauses,
      [now](const queue::Pause& pause) { return pause.until && *pause.until <= now; });
}

}  // namespace waypost::daemon
