#include "daemon/queue_requests.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "classify/reply_class.h"
#include "daemon/request_keys.h"
#include "queue/site_name.h"
#include "smtp/address.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using queue::Act;
using queue::Scope;
using queue::ScopeKind;
using queue::Selector;

constexpr std::array<std::string_view, 5> act_names{"hold", "release", "retry", "cancel",
                                                    "reschedule"};

Result<std::vector<MessageId>> parse_ids(const json::value& value) {
  if (!value.is_array() || value.get_array().empty() ||
      value.get_array().size() > queue::selected_ids_max)
    return refused(fmt::format("\"ids\" is no list of 1 to {} ids", queue::selected_ids_max));
  std::vector<MessageId> ids;
  for (const json::value& text : value.get_array()) {
    if (!text.is_string()) return refused("\"ids\" holds something that is no text");
    TRY(MessageId id, MessageId::parse(std::string(text.get_string())));
    ids.push_back(id);
  }
  return ids;
}

Result<void> parse_words(Keys& keys, Selector& selector) {
  TRY(selector.reply_class, keys.selecting_text("class"));
  if (!selector.reply_class.empty() && !classify::parse_reply_class(selector.reply_class))
    return refused("no class of replies has that name; `waypost explain --list classes` has them");
  TRY(std::string hold, keys.selecting_text("hold"));
  if (hold.empty()) return {};
  selector.hold = queue::parse_hold(hold);
  if (!selector.hold) return refused("nothing that can hold a recipient has that name");
  return {};
}

Result<Selector> parse_selector(const json::value* value) {
  Selector selector;
  if (!value) return selector;
  if (!value->is_object()) return refused("\"selector\" is no object");
  Keys keys(value->get_object());
  if (const json::value* ids = keys.take("ids")) {
    TRY(selector.ids, parse_ids(*ids));
  }
  TRY(selector.recipient, keys.selecting_text("recipient"));
  TRY(selector.domain, keys.selecting_text("domain"));
  TRY(selector.site, keys.selecting_text("site"));
  TRY(selector.sender, keys.selecting_text("sender"));
  TRY(selector.login, keys.selecting_text("login"));
  TRY(selector.stream, keys.selecting_text("stream"));
  TRY(selector.tenant, keys.selecting_text("tenant"));
  TRY(selector.older_than, keys.seconds("older_than_s"));
  TRY(selector.newer_than, keys.seconds("newer_than_s"));
  TRY(selector.all, keys.flag("all"));
  TRY_VOID(parse_words(keys, selector));
  TRY_VOID(keys.no_more());
  std::sort(selector.ids.begin(), selector.ids.end());
  return selector;
}

Result<Act> parse_act(std::string_view name) {
  auto found = std::find(act_names.begin(), act_names.end(), name);
  if (found == act_names.end()) return refused("\"action\" is none that can be done");
  return Act(found - act_names.begin());
}

// In the spelling that envelopes and sites have.
Result<Scope> parse_scope(Keys& keys) {
  TRY(std::string kind, keys.text("scope"));
  TRY(std::string name, keys.text("name"));
  std::optional<ScopeKind> parsed = queue::parse_scope_kind(kind);
  if (!parsed) return refused("\"scope\" is none that can be paused");
  Scope scope{*parsed, std::move(name)};
  if (scope.name.empty() != (scope.kind == ScopeKind::everything))
    return refused("everything has no name, and each other scope has one");
  if (scope.kind == ScopeKind::domain || scope.kind == ScopeKind::sender_domain) {
    TRY(scope.name, smtp::parse_domain(scope.name, smtp::Characters::utf8));
  } else if (scope.kind == ScopeKind::site) {
    TRY(scope.name, queue::parse_site_name(scope.name));
  } else if (scope.kind == ScopeKind::stream) {
    scope.name = base::to_lower(scope.name);
  }
  return scope;
}

}  // namespace

Result<ListRequest> parse_list_request(const json::object& request) {
  Keys keys(request);
  keys.take("command");
  ListRequest parsed;
  TRY(parsed.selector, parse_selector(keys.take("selector")));
  TRY(std::optional<int64_t> limit, keys.number("limit", INT64_MAX));
  parsed.limit = static_cast<uint64_t>(limit.value_or(INT64_MAX));
  TRY_VOID(keys.no_more());
  return parsed;
}

Result<MessageId> parse_show_request(const json::object& request) {
  Keys keys(request);
  keys.take("command");
  TRY(std::string id, keys.text("id"));
  TRY_VOID(keys.no_more());
  return MessageId::parse(id);
}

Result<queue::Command> parse_act_request(const json::object& request) {
  Keys keys(request);
  keys.take("command");
  queue::Command command;
  TRY(std::string action, keys.text("action"));
  TRY(command.act, parse_act(action));
  TRY(command.selector, parse_selector(keys.take("selector")));
  TRY(command.reason, keys.text("reason", command_reason_octets_max));
  TRY(command.dry_run, keys.flag("dry_run"));
  if (command.act == Act::reschedule) {
    TRY(command.at, keys.time("at"));
  }
  TRY_VOID(keys.no_more());
  if (!command.selector.selects_something())
    return refused("nothing is selected: everything has to be asked for by name");
  return command;
}

Result<queue::Pause> parse_pause_request(const json::object& request, WallTime now) {
  Keys keys(request);
  keys.take("command");
  queue::Pause pause;
  TRY(pause.scope, parse_scope(keys));
  TRY(pause.by, keys.text("by", queue::pause_text_octets_max));
  TRY(pause.reason, keys.text("reason", queue::pause_text_octets_max));
  TRY(std::optional<Duration> lasts, keys.seconds("for_s"));
  TRY_VOID(keys.no_more());
  pause.since = now;
  if (lasts) pause.until = now + std::chrono::duration_cast<std::chrono::seconds>(*lasts);
  return pause;
}

Result<Scope> parse_resume_request(const json::object& request) {
  Keys keys(request);
  keys.take("command");
  TRY(Scope scope, parse_scope(keys));
  TRY_VOID(keys.no_more());
  return scope;
}

Result<queue::Pause> parse_pause(const json::object& object) {
  Keys keys(object);
  queue::Pause pause;
  TRY(pause.scope, parse_scope(keys));
  TRY(pause.by, keys.text("by", queue::pause_text_octets_max));
  TRY(pause.reason, keys.text("reason", queue::pause_text_octets_max));
  TRY(pause.since, keys.time("since"));
  if (object.contains("until")) {
    TRY(pause.until, keys.time("until"));
  }
  TRY_VOID(keys.no_more());
  return pause;
}

}  // namespace waypost::daemon
