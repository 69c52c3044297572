#include "cli/standing_json.h"

#include <boost/json.hpp>

#include "base/utf8.h"

namespace waypost::cli {

namespace json = boost::json;

json::object standing_json(const queue::Standing& standing) {
  json::object object{{"id", standing.id.text()},
                      {"sender", standing.sender},
                      {"recipient", standing.recipient},
                      {"tenant", standing.tenant},
                      {"stream", standing.stream},
                      {"login", standing.login},
                      {"site", standing.site},
                      {"size", standing.size_octets},
                      {"accepted_at", base::to_rfc3339(standing.accepted_at)},
                      {"expires_at", base::to_rfc3339(standing.expires_at)},
                      {"hold", queue::name(standing.hold)},
                      {"reason", base::to_valid_utf8(standing.reason)},
                      {"limit_origin", standing.limit_origin},
                      {"attempts", standing.attempts},
                      {"last_reply", base::to_valid_utf8(standing.last_reply)},
                      {"last_host", standing.last_host},
                      {"class", standing.reply_class}};
  if (!standing.diagnosis.empty()) object["diagnosis"] = standing.diagnosis;
  if (standing.has_deadline) object["deadline"] = true;
  if (standing.next_attempt_at != WallTime())
    object["next_attempt_at"] = base::to_rfc3339(standing.next_attempt_at);
  if (standing.scheduled_at != WallTime())
    object["scheduled_at"] = base::to_rfc3339(standing.scheduled_at);
  return object;
}

json::object selector_json(const queue::Selector& selector) {
  json::object object;
  if (!selector.ids.empty()) {
    json::array ids;
    for (const MessageId& id : selector.ids) ids.emplace_back(id.text());
    object["ids"] = std::move(ids);
  }
  auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) object[key] = value;
  };
  add("recipient", selector.recipient);
  add("domain", selector.domain);
  add("site", selector.site);
  add("sender", selector.sender);
  add("login", selector.login);
  add("stream", selector.stream);
  add("tenant", selector.tenant);
  add("class", selector.reply_class);
  auto add_seconds = [&](const char* key, const std::optional<Duration>& age) {
    if (age) object[key] = std::chrono::duration_cast<std::chrono::seconds>(*age).count();
  };
  add_seconds("older_than_s", selector.older_than);
  add_seconds("newer_than_s", selector.newer_than);
  if (selector.hold) object["hold"] = queue::name(*selector.hold);
  if (selector.all) object["all"] = true;
  return object;
}

}  // namespace waypost::cli
