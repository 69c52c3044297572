#include "daemon/queue_requests.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "classify/reply_class.h"
#include "smtp/address.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using queue::Act;
using queue::Scope;
using queue::ScopeKind;
using queue::Selector;

// Longer than any address, domain or name of ours.
constexpr size_t name_octets_max = 512;
constexpr int64_t seconds_max = int64_t{10} * 366 * 24 * 3600;
constexpr std::array<std::string_view, 4> act_names{"hold", "release", "retry", "cancel"};

tl::unexpected<Error> refused(std::string why) {
  return failure(ErrorCode::invalid_input, std::move(why));
}

// The keys of one object, each taken once; what is left at the end was not known.
class Keys {
 public:
  explicit Keys(const json::object& object) : object_(object) {}

  const json::value* take(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value) ++taken_;
    return value;
  }
  // Empty when it is absent.
  Result<std::string> text(std::string_view key, size_t octets_max = name_octets_max) {
    const json::value* value = take(key);
    if (!value) return std::string();
    if (!value->is_string()) return refused(fmt::format("\"{}\" is no text", key));
    std::string text(value->get_string());
    if (text.size() > octets_max)
      return refused(fmt::format("\"{}\" is longer than {} octets", key, octets_max));
    if (std::any_of(text.begin(), text.end(), base::is_control))
      return refused(fmt::format("\"{}\" has control characters", key));
    return text;
  }
  // Where it is there, it says something: an empty one would select more than was meant.
  Result<std::string> selecting_text(std::string_view key) {
    TRY(std::string value, text(key));
    if (value.empty() && object_.contains(key))
      return refused(fmt::format("\"{}\" is empty, which selects nothing", key));
    return value;
  }
  Result<bool> flag(std::string_view key) {
    const json::value* value = take(key);
    if (!value) return false;
    if (!value->is_bool()) return refused(fmt::format("\"{}\" is neither true nor false", key));
    return value->get_bool();
  }
  Result<std::optional<int64_t>> number(std::string_view key, int64_t max) {
    const json::value* value = take(key);
    if (!value) return std::nullopt;
    if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > max)
      return refused(fmt::format("\"{}\" is no number from 0 to {}", key, max));
    return value->get_int64();
  }
  Result<std::optional<Duration>> seconds(std::string_view key) {
    TRY(std::optional<int64_t> count, number(key, seconds_max));
    if (!count) return std::nullopt;
    return std::chrono::seconds(*count);
  }
  Result<WallTime> time(std::string_view key) {
    TRY(std::string text, text(key));
    return base::parse_rfc3339(text);
  }
  Result<void> no_more() const {
    if (taken_ == object_.size()) return {};
    return refused("the request has a key that is not known: is the relay another version?");
  }

 private:
  const json::object& object_;
  size_t taken_ = 0;
};

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
  } else if (scope.kind == ScopeKind::site || scope.kind == ScopeKind::stream) {
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

json::object to_json(const queue::Pause& pause) {
  json::object object{{"scope", queue::name(pause.scope.kind)},
                      {"name", pause.scope.name},
                      {"by", pause.by},
                      {"reason", pause.reason},
                      {"since", base::to_rfc3339(pause.since)}};
  if (pause.until) object["until"] = base::to_rfc3339(*pause.until);
  return object;
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
