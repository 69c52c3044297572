#include "api/queue_json.h"

#include <boost/json.hpp>

#include "api/asked_limit_json.h"
#include "api/pause_json.h"
#include "base/utf8.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using queue::SiteView;

void add_time(json::object& object, const char* key, WallTime time) {
  if (time != WallTime()) object[key] = base::to_rfc3339(time);
}

// Each limit that the site has, and of those over time what counts against it now.
json::object limits_of(const SiteView& site) {
  json::object limits;
  auto add = [&](const char* name, const auto& limit, std::optional<uint64_t> used = {}) {
    if (limit.value == 0) return;
    json::object one{{"most", limit.value}, {"origin", limit.origin}};
    if (used) one["used"] = *used;
    limits[name] = std::move(one);
  };
  const shaping::SiteLimits& own = site.limits;
  add("connections", own.connections);
  add("connections_per_minute", own.connections_per_minute, site.connections_last_minute);
  add("messages_per_second", own.messages_per_second);
  add("messages_per_hour", own.messages_per_hour, site.messages_last_hour);
  add("messages_per_day", own.messages_per_day, site.messages_last_day);
  add("messages_per_connection", own.messages_per_connection);
  add("recipients_per_message", own.recipients_per_message);
  return limits;
}

}  // namespace

void add_hold(json::object& object, const queue::Standing& standing) {
  object["hold"] = queue::name(standing.hold);
  object["reason"] = base::to_valid_utf8(standing.reason);
  object["limit_origin"] = standing.limit_origin;
  add_time(object, "next_attempt_at", standing.next_attempt_at);
}

json::object to_json(const queue::Standing& standing) {
  json::object object;
  object["id"] = standing.id.text();
  object["accepted_at"] = base::to_rfc3339(standing.accepted_at);
  object["expires_at"] = base::to_rfc3339(standing.expires_at);
  if (standing.has_deadline) object["deadline"] = true;
  object["sender"] = standing.sender;
  object["recipient"] = standing.recipient;
  object["tenant"] = standing.tenant;
  object["stream"] = standing.stream;
  object["login"] = standing.login;
  object["site"] = standing.site;
  object["size"] = standing.size_octets;
  object["hold"] = queue::name(standing.hold);
  object["reason"] = base::to_valid_utf8(standing.reason);
  object["limit_origin"] = standing.limit_origin;
  object["attempts"] = standing.attempts;
  object["last_reply"] = base::to_valid_utf8(standing.last_reply);
  object["last_host"] = standing.last_host;
  object["class"] = standing.reply_class;
  if (standing.next_attempt_at != WallTime())
    object["next_attempt_at"] = base::to_rfc3339(standing.next_attempt_at);
  if (standing.scheduled_at != WallTime())
    object["scheduled_at"] = base::to_rfc3339(standing.scheduled_at);
  return object;
}

json::array pauses_of(const queue::Queue& queue, std::string_view site) {
  json::array pauses;
  for (const queue::Pause& pause : queue.pauses()) {
    const bool is_of_site = pause.scope.kind == queue::ScopeKind::site && pause.scope.name == site;
    if (is_of_site || pause.scope.kind == queue::ScopeKind::everything)
      pauses.push_back(to_json(pause));
  }
  return pauses;
}

json::object to_json(const SiteView& site) {
  json::object object{{"site", base::to_valid_utf8(site.name)},
                      {"queued", site.recipients},
                      {"ready", site.ready},
                      {"attempts", site.attempts},
                      {"connections_max", site.connections_max},
                      {"connections_limit", site.limits.connections.value},
                      {"connections_origin", site.limits.connections.origin},
                      {"per_second", site.limits.messages_per_second.value},
                      {"per_second_origin", site.limits.messages_per_second.origin},
                      {"measure", queue::name(site.measure)},
                      {"troubles", site.troubles},
                      {"last_trouble", base::to_valid_utf8(site.last_trouble)}};
  object["limits"] = limits_of(site);
  if (site.asked_limit) object["asked_limit"] = to_json(*site.asked_limit);
  add_time(object, "shut_until", site.shut_until);
  if (!site.slowed_by.empty()) {
    add_time(object, "slowed_since", site.slowed_since);
    object["slowed_by"] = base::to_valid_utf8(site.slowed_by);
  }
  if (!site.last_host.empty()) object["last_host"] = base::to_valid_utf8(site.last_host);
  if (!site.doctor_target.empty())
    object["doctor_target"] = base::to_valid_utf8(site.doctor_target);
  if (site.next) add_hold(object, *site.next);
  return object;
}

uint64_t unrouted_recipients(const queue::Queue& queue) {
  uint64_t routed = 0;
  queue.visit_counts([&](const queue::SiteCounts& site) { routed += site.recipients; });
  const uint64_t queued = queue.unsettled_recipients();
  return queued > routed ? queued - routed : 0;
}

json::object to_json(const queue::Ledger& ledger) {
  return {{"accepted", ledger.accepted},   {"restored", ledger.restored},
          {"delivered", ledger.delivered}, {"bounced", ledger.bounced},
          {"expired", ledger.expired},     {"suppressed", ledger.suppressed},
          {"cancelled", ledger.cancelled}, {"queued", ledger.queued},
          {"balances", ledger.balances()}};
}

}  // namespace waypost::api
