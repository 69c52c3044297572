#include "daemon/asked_limit_file.h"

#include <algorithm>

#include <boost/json.hpp>

#include "api/asked_limit_json.h"
#include "daemon/limit_requests.h"

namespace waypost::daemon {

namespace json = boost::json;

std::string encode_asked_limits(const std::map<std::string, queue::AskedLimit>& limits) {
  json::array list;
  for (const auto& [site, limit] : limits) list.push_back(api::to_json(limit));
  return encode_list("limits", std::move(list));
}

Result<std::vector<queue::AskedLimit>> decode_asked_limits(std::string_view octets) {
  TRY(json::array list, decode_list(octets, "limits", queue::asked_limits_max));
  std::vector<queue::AskedLimit> limits;
  for (const json::value& one : list) {
    if (!one.is_object()) return failure(ErrorCode::corrupt, "a limit is no JSON object");
    Result<queue::AskedLimit> limit = parse_asked_limit(one.get_object());
    if (!limit) return failure(ErrorCode::corrupt, limit.error().message());
    limits.push_back(*std::move(limit));
  }
  return limits;
}

Kept<queue::AskedLimit> load_asked_limits(io::Disk& disk, const std::string& path, WallTime now) {
  Kept<queue::AskedLimit> kept = load_list<queue::AskedLimit>(
      disk, path, "no limit that a person set holds any longer", decode_asked_limits,
      [now](const queue::AskedLimit& limit) { return limit.until <= now; });
  const auto longest = std::chrono::duration_cast<WallTime::duration>(queue::asked_limit_lasts_max);
  for (queue::AskedLimit& limit : kept.list) {
    limit.since = std::min(limit.since, now);
    limit.until = std::min(limit.until, limit.since + longest);
  }
  return kept;
}

}  // namespace waypost::daemon
