#include "api/pause_json.h"

#include "base/time.h"

namespace waypost::api {

namespace json = boost::json;

json::object to_json(const queue::Pause& pause) {
  json::object object{{"scope", queue::name(pause.scope.kind)},
                      {"name", pause.scope.name},
                      {"by", pause.by},
                      {"reason", pause.reason},
                      {"since", base::to_rfc3339(pause.since)}};
  if (pause.until) object["until"] = base::to_rfc3339(*pause.until);
  return object;
}

}  // namespace waypost::api
