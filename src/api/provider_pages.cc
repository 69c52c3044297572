#include "api/provider_pages.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/asked_limit_json.h"
#include "api/fields.h"
#include "api/pause_json.h"
#include "api/problems.h"
#include "api/queue_json.h"
#include "base/utf8.h"
#include "queue/site_name.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using records::Scope;

constexpr uint64_t body_octets_max = 4096;
constexpr size_t time_octets_max = 32;
constexpr Duration pause_max = std::chrono::days(366);

web::Response in_json(const json::object& object) {
  return {.body = json::serialize(object) + "\n"};
}

web::Response not_there() {
  return refuse(Problem::provider_not_found,
                "No mail waits for a provider of this name, none was tried there of late, and it "
                "is neither paused nor limited. GET /v1/providers lists those that are known.");
}

json::object to_json(const RecentReply& reply) {
  json::object object{{"at", base::to_rfc3339(reply.at)},
                      {"event", reply.kind},
                      {"recipient", base::to_valid_utf8(reply.recipient)},
                      {"recipients", reply.recipients},
                      {"reply", base::to_valid_utf8(reply.reply)},
                      {"class", reply.reply_class},
                      {"host", base::to_valid_utf8(reply.host)}};
  if (!reply.message.empty()) object["id"] = reply.message;
  return object;
}

// As sites are spelled; one that is not known yet can be paused and limited as well.
tl::expected<std::string, web::Response> name_of(const web::Request& request) {
  Result<std::string> name = queue::parse_site_name(request.parameters.find("name")->second);
  if (name) return *std::move(name);
  return tl::unexpected(refuse(Problem::invalid_fields,
                               "The path does not name a provider: " + name.error().message() +
                                   ". GET /v1/providers lists those that are known."));
}

// As it stands in the pause and in the log.
std::string person(const web::Request& request) {
  const Caller& caller = Access::caller_of(request);
  return caller.session ? "the dashboard, " + caller.session->user : "API, key " + caller.key->name;
}

// Empty when nobody says one, or where it is none.
std::optional<std::chrono::seconds> read_lasts(Fields& fields, Duration most) {
  const std::string lasts = fields.line("for", time_octets_max);
  if (lasts.empty()) return std::nullopt;
  const Result<Duration> parsed = base::parse_duration(lasts);
  if (parsed && *parsed >= std::chrono::seconds(1) && *parsed <= most)
    return std::chrono::duration_cast<std::chrono::seconds>(*parsed);
  fields.note("for", fmt::format("is no time such as 30m or 2h, of {} days at most",
                                 std::chrono::duration_cast<std::chrono::days>(most).count()));
  return std::nullopt;
}

struct PauseWish {
  std::optional<std::chrono::seconds> lasts;
  std::string reason;
};

PauseWish read_pause(const json::object& body, std::vector<web::FieldProblem>& problems) {
  Fields fields(body, {}, problems);
  PauseWish wish;
  wish.reason = fields.line("reason", queue::pause_text_octets_max);
  wish.lasts = read_lasts(fields, pause_max);
  fields.no_more();
  return wish;
}

// Without the site, and without who wants it.
queue::AskedLimit read_limit(const json::object& body, WallTime now,
                             std::vector<web::FieldProblem>& problems) {
  Fields fields(body, {}, problems);
  queue::AskedLimit limit;
  bool asks_any = false;
  queue::each_asked([&](const auto& key) {
    fields.know(key.name);
    if (!fields.has(key.name)) return;
    asks_any = true;
    const auto amount = amount_of(key, body.at(key.name));
    if (amount)
      limit.*key.asked = *amount;
    else
      fields.note(key.name, amount_problem(key));
  });
  limit.reason = fields.line("reason", queue::asked_limit_text_octets_max);
  constexpr auto unsaid =
      std::chrono::duration_cast<std::chrono::seconds>(queue::asked_limit_lasts);
  limit.since = now;
  limit.until = now + read_lasts(fields, queue::asked_limit_lasts_max).value_or(unsaid);
  fields.no_more();
  if (!asks_any)
    fields.note("messages_per_second",
                "is absent, as is every other limit: say how many connections or messages at most");
  return limit;
}

}  // namespace

void ProviderPages::add_to(web::Router& router, Access& access) {
  const auto on = [&](const char* method, const char* path, auto handler, uint64_t octets_max) {
    router.on(
        method, path,
        access.route(
            Scope::admin,
            [this, handler](web::Request request) { return (this->*handler)(std::move(request)); },
            octets_max));
  };
  on("GET", "/v1/providers/{name}", &ProviderPages::show, 0);
  on("POST", "/v1/providers/{name}/pause", &ProviderPages::pause, body_octets_max);
  on("POST", "/v1/providers/{name}/resume", &ProviderPages::resume, body_octets_max);
  on("POST", "/v1/providers/{name}/limit", &ProviderPages::limit, body_octets_max);
  on("DELETE", "/v1/providers/{name}/limit", &ProviderPages::lift, 0);
}

io::Task<web::Response> ProviderPages::show(web::Request request) {
  const auto named = name_of(request);
  if (!named) co_return named.error();
  const std::string& name = *named;
  const auto site = queue_.site(name);
  json::array pauses = pauses_of(queue_, name);
  json::array replies;
  for (const RecentReply& reply : replies_.of(name)) replies.push_back(to_json(reply));
  if (replies.empty() && !is_known(name)) co_return not_there();
  json::object object{{"object", "provider"},
                      {"name", name},
                      {"pauses", std::move(pauses)},
                      {"replies", std::move(replies)}};
  if (site) object["site"] = api::to_json(*site);
  const auto asked = queue_.asked_limits().find(name);
  if (asked != queue_.asked_limits().end()) object["asked_limit"] = api::to_json(asked->second);
  co_return in_json(object);
}

// Known to the queue, or by a pause or a limit of its own.
bool ProviderPages::is_known(const std::string& name) const {
  const queue::Scope scope{queue::ScopeKind::site, name};
  const auto& pauses = queue_.pauses();
  return queue_.site(name) || queue_.asked_limits().contains(name) ||
         std::any_of(pauses.begin(), pauses.end(),
                     [&](const queue::Pause& p) { return p.scope == scope; });
}

io::Task<web::Response> ProviderPages::pause(web::Request request) {
  const auto name = name_of(request);
  if (!name) co_return name.error();
  auto body = parse_object(request.body.empty() ? std::string_view("{}") : request.body);
  if (!body) co_return std::move(body).error();
  std::vector<web::FieldProblem> problems;
  PauseWish wish = read_pause(*body, problems);
  if (auto refused = refuse_any(problems)) co_return *std::move(refused);
  queue::Pause pause;
  pause.scope = {queue::ScopeKind::site, *name};
  pause.by = person(request).substr(0, queue::pause_text_octets_max);
  pause.reason = std::move(wish.reason);
  pause.since = loop_.wall_now();
  if (wish.lasts) pause.until = pause.since + *wish.lasts;
  json::object answer{{"paused", api::to_json(pause)},
                      {"known", queue_.site(*name).has_value()},
                      {"unrouted", unrouted_recipients(queue_)}};
  Result<void> paused = co_await pausing_.pause(std::move(pause));
  if (!paused) co_return refuse(Problem::relay_failure, paused.error().describe());
  co_return in_json(answer);
}

io::Task<web::Response> ProviderPages::resume(web::Request request) {
  const auto name = name_of(request);
  if (!name) co_return name.error();
  queue::Scope scope{queue::ScopeKind::site, *name};
  Result<bool> resumed = co_await pausing_.resume(std::move(scope), person(request));
  if (!resumed) co_return refuse(Problem::relay_failure, resumed.error().describe());
  json::object answer{{"resumed", *resumed}};
  co_return in_json(answer);
}

io::Task<web::Response> ProviderPages::limit(web::Request request) {
  const auto name = name_of(request);
  if (!name) co_return name.error();
  auto body = parse_object(request.body);
  if (!body) co_return std::move(body).error();
  std::vector<web::FieldProblem> problems;
  queue::AskedLimit limit = read_limit(*body, loop_.wall_now(), problems);
  if (auto refused = refuse_any(problems)) co_return *std::move(refused);
  limit.site = *name;
  limit.by = person(request).substr(0, queue::asked_limit_text_octets_max);
  json::object answer{{"limited", api::to_json(limit)},
                      {"known", queue_.site(*name).has_value()},
                      {"unrouted", unrouted_recipients(queue_)}};
  Result<void> limited = co_await limiting_.limit(std::move(limit));
  if (!limited) co_return refuse(Problem::relay_failure, limited.error().describe());
  co_return in_json(answer);
}

io::Task<web::Response> ProviderPages::lift(web::Request request) {
  const auto name = name_of(request);
  if (!name) co_return name.error();
  Result<bool> lifted = co_await limiting_.lift(*name, person(request));
  if (!lifted) co_return refuse(Problem::relay_failure, lifted.error().describe());
  json::object answer{{"lifted", *lifted}};
  co_return in_json(answer);
}

}  // namespace waypost::api
