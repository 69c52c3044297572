#include "cli/site_source.h"

#include <algorithm>
#include <tuple>

#include <boost/json.hpp>

#include "cli/relay_client.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

constexpr size_t sites_max = 1'000'000;

// The fields of one line; what is absent or of another type is empty.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  std::string text(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  }
  uint64_t number(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value && value->is_int64() && value->get_int64() > 0 ? uint64_t(value->get_int64()) : 0;
  }
  double real(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    if (!value || !value->is_number()) return 0;
    return value->is_double() ? value->get_double() : double(number(key));
  }
  WallTime time(std::string_view key) const {
    return base::parse_rfc3339(text(key)).value_or(WallTime());
  }

 private:
  const json::object& object_;
};

SiteLimit limit_of(const json::key_value_pair& entry) {
  const json::object& object = entry.value().get_object();
  const Fields fields(object);
  SiteLimit limit{std::string(entry.key()), fields.real("most"), fields.text("origin"), {}};
  if (object.contains("used")) limit.used = fields.number("used");
  return limit;
}

SiteState site_of(const json::object& object) {
  const Fields fields(object);
  SiteState site;
  site.name = fields.text("site");
  site.queued = fields.number("queued");
  site.attempts = fields.number("attempts");
  site.connections_max = fields.number("connections_max");
  site.connections_limit = fields.number("connections_limit");
  site.per_second = fields.real("per_second");
  site.measure = fields.text("measure");
  site.troubles = fields.number("troubles");
  site.last_trouble = fields.text("last_trouble");
  site.slowed_by = fields.text("slowed_by");
  site.slowed_since = fields.time("slowed_since");
  site.hold = fields.text("hold");
  site.reason = fields.text("reason");
  site.limit_origin = fields.text("limit_origin");
  site.next_attempt_at = fields.time("next_attempt_at");
  site.oldest_at = fields.time("oldest_at");
  if (const json::value* holds = object.if_contains("holds"); holds && holds->is_object())
    for (const auto& entry : holds->get_object())
      site.holds.emplace_back(std::string(entry.key()),
                              Fields(holds->get_object()).number(entry.key()));
  if (const json::value* limits = object.if_contains("limits"); limits && limits->is_object())
    for (const auto& entry : limits->get_object())
      if (entry.value().is_object()) site.limits.push_back(limit_of(entry));
  if (const json::value* asked = object.if_contains("asked_limit"); asked && asked->is_object())
    site.limit_reason = Fields(asked->get_object()).text("reason");
  return site;
}

void take_summary(const json::object& object, RelayState& state) {
  const Fields fields(object);
  state.messages = fields.number("messages");
  state.queued = fields.number("queued");
  state.resolving = fields.number("resolving");
  state.ready = fields.number("ready");
  state.deferred = fields.number("deferred");
  state.paused = fields.number("paused");
  state.other = fields.number("other");
  state.accepted = fields.number("accepted");
  state.delivered = fields.number("delivered");
  state.bounced = fields.number("bounced");
  state.expired = fields.number("expired");
  state.memory = fields.number("memory");
  state.disk_free = fields.number("disk_free");
}

// How much a person should want to look at it.
int trouble_of(const SiteState& site) {
  if (site.measure == "stop") return 4;
  if (site.measure == "probe") return 3;
  if (site.measure == "slow") return 2;
  for (const char* hold : {"deferred", "paused", "site_shut", "quota"})
    if (site.hold == hold) return 1;
  return 0;
}

}  // namespace

uint64_t SiteState::count_of(std::string_view wanted) const {
  for (const auto& [kind, count] : holds)
    if (kind == wanted) return count;
  return 0;
}

Result<bool> take_site_line(std::string_view line, RelayState& state) {
  json::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error || !value.is_object())
    return failure(ErrorCode::protocol, "the relay's answer is not JSON");
  const json::object& object = value.get_object();
  if (object.contains("error"))
    return failure(ErrorCode::protocol, "the relay says: " + Fields(object).text("error"));
  if (object.contains("end")) {
    take_summary(object, state);
    return true;
  }
  if (state.sites.size() >= sites_max)
    return failure(ErrorCode::resource_exhausted, "the relay knows too many sites");
  state.sites.push_back(site_of(object));
  return false;
}

Result<RelayState> ask_for_sites(const std::string& socket, bool counts, Duration patience) {
  RelayState state;
  bool ended = false;
  LineTaker take = [&](std::string_view line) -> Result<void> {
    TRY(ended, take_site_line(line, state));
    return {};
  };
  const json::object request{{"command", "sites"}, {"counts", counts}};
  TRY_VOID(ask_relay(socket, json::serialize(request), take, patience));
  if (!ended) return failure(ErrorCode::peer_gone, "the relay stopped in the middle of its answer");
  return state;
}

void sort_by_trouble(std::vector<SiteState>& sites) {
  std::sort(sites.begin(), sites.end(), [](const SiteState& a, const SiteState& b) {
    return std::make_tuple(-trouble_of(a), b.queued, std::string_view(a.name)) <
           std::make_tuple(-trouble_of(b), a.queued, std::string_view(b.name));
  });
}

}  // namespace waypost::cli
