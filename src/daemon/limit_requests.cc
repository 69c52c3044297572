#include "daemon/limit_requests.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/asked_limit_json.h"
#include "daemon/request_keys.h"
#include "queue/site_name.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using queue::AskedLimit;

Result<std::string> parse_site(Keys& keys) {
  TRY(std::string name, keys.text("site", queue::site_name_octets_max));
  return queue::parse_site_name(name);
}

template <class T>
Result<T> parse_amount(Keys& keys, const queue::AskedKey<T>& key) {
  const json::value* value = keys.take(key.name);
  if (!value) return T{};
  const std::optional<T> amount = api::amount_of(key, *value);
  if (!amount) return refused(fmt::format("\"{}\" {}", key.name, api::amount_problem(key)));
  return *amount;
}

// What a request and a limit that is kept have in common.
Result<AskedLimit> parse_common(Keys& keys) {
  AskedLimit limit;
  TRY(limit.site, parse_site(keys));
  TRY(limit.by, keys.text("by", queue::asked_limit_text_octets_max));
  TRY(limit.reason, keys.text("reason", queue::asked_limit_text_octets_max));
  Result<void> all;
  queue::each_asked([&](const auto& key) {
    auto amount = parse_amount(keys, key);
    if (amount)
      limit.*key.asked = *amount;
    else if (all)
      all = failure(std::move(amount).error());
  });
  TRY_VOID(all);
  return limit;
}

}  // namespace

Result<AskedLimit> parse_limit_request(const json::object& request, WallTime now) {
  Keys keys(request);
  keys.take("command");
  TRY(AskedLimit limit, parse_common(keys));
  TRY(std::optional<Duration> lasts, keys.seconds("for_s"));
  TRY_VOID(keys.no_more());
  limit.since = now;
  limit.until = now + std::chrono::duration_cast<std::chrono::seconds>(
                          lasts.value_or(queue::asked_limit_lasts));
  TRY_VOID(queue::check(limit));
  return limit;
}

Result<LiftRequest> parse_lift_request(const json::object& request) {
  Keys keys(request);
  keys.take("command");
  LiftRequest parsed;
  TRY(parsed.site, parse_site(keys));
  TRY(parsed.by, keys.text("by", queue::asked_limit_text_octets_max));
  TRY_VOID(keys.no_more());
  return parsed;
}

Result<AskedLimit> parse_asked_limit(const json::object& object) {
  Keys keys(object);
  TRY(AskedLimit limit, parse_common(keys));
  TRY(limit.since, keys.time("since"));
  TRY(limit.until, keys.time("until"));
  TRY_VOID(keys.no_more());
  TRY_VOID(queue::check(limit));
  return limit;
}

}  // namespace waypost::daemon
