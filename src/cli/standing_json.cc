#include "cli/standing_json.h"

#include <boost/json.hpp>

#include "base/utf8.h"

namespace waypost::cli {

namespace json = boost::json;

json::object standing_json(const queue::Standing& standing) {
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

}  // namespace waypost::cli
