#include "cli/queue_requests.h"

#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/standing_json.h"
#include "queue/asked_time.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using queue::Scope;
using queue::ScopeKind;

tl::unexpected<Error> wrong(std::string why) {
  return failure(ErrorCode::invalid_input, std::move(why));
}

// The relay counts in seconds.
Result<std::optional<Duration>> seconds_of(const char* option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  Result<Duration> time = base::parse_duration(text);
  if (!time) return failure(std::move(time).error().while_doing(std::string("reading ") + option));
  if (*time % std::chrono::seconds(1) != Duration::zero())
    return wrong(fmt::format("{} takes whole seconds", option));
  return *time;
}

}  // namespace

Result<queue::Selector> selector_of(const QueueArguments& arguments) {
  queue::Selector selector;
  if (arguments.ids.size() > queue::selected_ids_max)
    return wrong(fmt::format("at most {} ids at a time", queue::selected_ids_max));
  for (const std::string& text : arguments.ids) {
    TRY(MessageId id, MessageId::parse(text));
    selector.ids.push_back(id);
  }
  selector.recipient = arguments.recipient;
  selector.domain = arguments.domain;
  selector.site = arguments.site;
  selector.sender = arguments.sender;
  selector.login = arguments.login;
  selector.stream = arguments.stream;
  selector.tenant = arguments.tenant;
  selector.reply_class = arguments.reply_class;
  selector.all = arguments.all;
  TRY(selector.older_than, seconds_of("--older-than", arguments.older_than));
  TRY(selector.newer_than, seconds_of("--newer-than", arguments.newer_than));
  if (arguments.hold.empty()) return selector;
  selector.hold = queue::parse_hold(arguments.hold);
  if (!selector.hold)
    return wrong("--hold takes what `waypost queue ls` shows, such as deferred or paused");
  return selector;
}

Result<std::optional<Scope>> scope_of(const PauseArguments& arguments) {
  std::optional<Scope> scope;
  size_t named = 0;
  auto take = [&](ScopeKind kind, const std::string& name) {
    if (name.empty()) return;
    scope = Scope{kind, name};
    ++named;
  };
  take(ScopeKind::site, arguments.site);
  take(ScopeKind::domain, arguments.domain);
  take(ScopeKind::stream, arguments.stream);
  take(ScopeKind::tenant, arguments.tenant);
  take(ScopeKind::sender_domain, arguments.sender_domain);
  if (arguments.everything) {
    scope = Scope{};
    ++named;
  }
  if (named > 1)
    return wrong("one of --site, --domain, --stream, --tenant, --sender-domain, --all");
  return scope;
}

std::string_view name(queue::Act act) {
  constexpr std::array<std::string_view, 5> names{"hold", "release", "retry", "cancel",
                                                  "reschedule"};
  return names[size_t(act)];
}

Result<std::string> act_request(queue::Act act, const QueueArguments& arguments) {
  TRY(queue::Selector selector, selector_of(arguments));
  if (!selector.selects_something())
    return wrong(fmt::format("say which mail to {}: ids or options that select, or --all for all",
                             name(act)));
  json::object request{{"command", "queue.act"},
                       {"action", name(act)},
                       {"selector", selector_json(selector)},
                       {"reason", arguments.reason},
                       {"dry_run", arguments.dry_run}};
  if (act == queue::Act::reschedule) {
    const Result<WallTime> at = queue::parse_asked_time(arguments.at);
    if (!at) return wrong("--at " + at.error().message());
    request["at"] = base::to_rfc3339(*at);
  }
  return json::serialize(request);
}

Result<std::string> pause_request(const Scope& scope, const PauseArguments& arguments,
                                  const std::string& by) {
  TRY(std::optional<Duration> lasts, seconds_of("--for", arguments.lasts));
  json::object request{{"command", "pause"},
                       {"scope", queue::name(scope.kind)},
                       {"name", scope.name},
                       {"by", by},
                       {"reason", arguments.reason}};
  if (lasts) request["for_s"] = std::chrono::duration_cast<std::chrono::seconds>(*lasts).count();
  return json::serialize(request);
}

std::string resume_request(const Scope& scope) {
  return json::serialize(json::object{
      {"command", "resume"}, {"scope", queue::name(scope.kind)}, {"name", scope.name}});
}

}  // namespace waypost::cli
