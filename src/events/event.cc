#include "events/event.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/json_writer.h"
#include "base/utf8.h"

namespace waypost::events {
namespace {

namespace json = boost::json;

constexpr int schema_version = 1;
constexpr size_t line_octets_usual = 1024;

struct NamedKind {
  EventKind kind;
  std::string_view name;
};
constexpr std::array<NamedKind, 19> kinds{{{EventKind::accepted, "accepted"},
                                           {EventKind::rejected, "rejected"},
                                           {EventKind::delivered, "delivered"},
                                           {EventKind::deferred, "deferred"},
                                           {EventKind::bounced, "bounced"},
                                           {EventKind::expiring, "expiring"},
                                           {EventKind::expired, "expired"},
                                           {EventKind::cancelled, "cancelled"},
                                           {EventKind::held, "held"},
                                           {EventKind::released, "released"},
                                           {EventKind::rescheduled, "rescheduled"},
                                           {EventKind::late_bounced, "late_bounced"},
                                           {EventKind::late_delayed, "late_delayed"},
                                           {EventKind::complained, "complained"},
                                           {EventKind::unsubscribed, "unsubscribed"},
                                           {EventKind::auto_replied, "auto_replied"},
                                           {EventKind::suppressed, "suppressed"},
                                           {EventKind::port_switched, "port_switched"},
                                           {EventKind::diagnosed, "diagnosed"}}};

Duration from_milliseconds(double milliseconds) {
  return std::chrono::microseconds(std::llround(milliseconds * 1000));
}

int64_t to_microseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// Most text is valid and is taken as it is; what a peer sent may not be.
void append_string(std::string& line, std::string_view text) {
  if (base::is_utf8(text))
    base::append_json_string(line, text);
  else
    base::append_json_string(line, base::to_valid_utf8(text));
}

// Writes the fields that have something to say, in the order in which people read them. By hand
// and not through a json::object, which would write a duration as 1.5E0.
class LineWriter {
 public:
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) text_or_empty(key, value);
  }
  void text_or_empty(std::string_view key, std::string_view value) {
    append_string(line_.member(key), value);
  }
  void number(std::string_view key, uint64_t value) {
    if (value != 0) fmt::format_to(std::back_inserter(line_.member(key)), "{}", value);
  }
  void flag(std::string_view key, bool value) {
    if (value) line_.boolean(key, value);
  }
  void duration(std::string_view key, Duration value) {
    if (to_microseconds(value) > 0) append_milliseconds(line_.member(key), value);
  }
  void steps(std::string_view key, const std::vector<Step>& steps) {
    if (steps.empty()) return;
    std::string& line = line_.member(key);
    char separator = '{';
    for (const Step& step : steps) {
      line += std::exchange(separator, ',');
      append_string(line, events::name(step.phase));
      line += ':';
      append_milliseconds(line, step.took);
    }
    line += '}';
  }
  void list(std::string_view key, const std::vector<std::string>& values) {
    if (values.empty()) return;
    std::string& line = line_.member(key);
    char separator = '[';
    for (const std::string& value : values) {
      line += std::exchange(separator, ',');
      append_string(line, value);
    }
    line += ']';
  }
  void map(std::string_view key, const std::map<std::string, std::string>& values) {
    if (values.empty()) return;
    std::string& line = line_.member(key);
    char separator = '{';
    for (const auto& [entry, value] : values) {
      line += std::exchange(separator, ',');
      append_string(line, entry);
      line += ':';
      append_string(line, value);
    }
    line += '}';
  }
  std::string finish() && { return std::move(line_).finish(); }

 private:
  static void append_milliseconds(std::string& line, Duration value) {
    int64_t microseconds = std::max<int64_t>(to_microseconds(value), 0);
    fmt::format_to(std::back_inserter(line), "{}", microseconds / 1000);
    if (microseconds % 1000 == 0) return;
    fmt::format_to(std::back_inserter(line), ".{:03}", microseconds % 1000);
    while (line.back() == '0') line.pop_back();
  }
  base::JsonWriter line_{line_octets_usual};
};

// Reads fields of the expected type; one of another type makes the whole line corrupt.
class ObjectReader {
 public:
  explicit ObjectReader(const json::object& object) : object_(object) {}
  bool ok() const { return wrong_.empty(); }
  const std::string& wrong() const { return wrong_; }

  std::string text(std::string_view key) {
    const json::value* value = find(key);
    if (value && value->is_string()) return std::string(value->get_string());
    if (value) wrong_ = key;
    return {};
  }
  uint64_t number(std::string_view key) {
    const json::value* value = find(key);
    if (!value) return 0;
    json::error_code error;
    auto number = value->to_number<uint64_t>(error);
    if (error) wrong_ = key;
    return error ? 0 : number;
  }
  uint16_t port(std::string_view key) {
    uint64_t value = number(key);
    if (value > UINT16_MAX) wrong_ = key;
    return static_cast<uint16_t>(value);
  }
  bool flag(std::string_view key) {
    const json::value* value = find(key);
    if (value && !value->is_bool()) wrong_ = key;
    return value && value->is_bool() && value->get_bool();
  }
  Duration duration(std::string_view key) {
    const json::value* value = find(key);
    if (!value) return {};
    json::error_code error;
    auto number = value->to_number<double>(error);
    if (error || number < 0 || number > 1e12) wrong_ = key;
    return ok() ? from_milliseconds(number) : Duration::zero();
  }
  std::vector<std::string> list(std::string_view key) {
    const json::value* value = find(key);
    std::vector<std::string> values;
    if (!value) return values;
    if (!value->is_array()) {
      wrong_ = key;
      return values;
    }
    for (const json::value& item : value->get_array()) {
      if (!item.is_string())
        wrong_ = key;
      else
        values.emplace_back(item.get_string());
    }
    return values;
  }
  std::map<std::string, std::string> map(std::string_view key) {
    const json::value* value = find(key);
    std::map<std::string, std::string> values;
    if (!value) return values;
    if (!value->is_object()) {
      wrong_ = key;
      return values;
    }
    for (const auto& [name, item] : value->get_object()) {
      if (!item.is_string())
        wrong_ = key;
      else
        values.emplace(name, item.get_string());
    }
    return values;
  }
  std::vector<Step> steps(std::string_view key) {
    std::vector<Step> steps;
    const json::value* value = find(key);
    if (!value) return steps;
    if (!value->is_object()) {
      wrong_ = key;
      return steps;
    }
    ObjectReader durations(value->get_object());
    for (const auto& [name, took] : value->get_object()) {
      std::optional<Phase> phase = smtp::parse_phase({name.data(), name.size()});
      Duration duration = durations.duration(name);
      // A phase that only a later version knows is passed over.
      if (phase) steps.push_back({*phase, duration});
    }
    if (!durations.ok()) wrong_ = key;
    return steps;
  }
  std::optional<MessageId> id(std::string_view key) {
    std::string text_form = text(key);
    if (text_form.empty()) return std::nullopt;
    Result<MessageId> parsed = MessageId::parse(text_form);
    if (!parsed) wrong_ = key;
    return parsed ? std::optional(*parsed) : std::nullopt;
  }
  std::optional<WallTime> time(std::string_view key) {
    std::string text_form = text(key);
    if (text_form.empty()) return std::nullopt;
    Result<WallTime> parsed = base::parse_rfc3339(text_form);
    if (!parsed) wrong_ = key;
    return parsed ? std::optional(*parsed) : std::nullopt;
  }

 private:
  const json::value* find(std::string_view key) { return object_.if_contains(key); }
  const json::object& object_;
  std::string wrong_;
};

tl::unexpected<Error> not_an_event(const std::string& why) {
  return failure(ErrorCode::corrupt, "not an event of Waypost: " + why);
}

Result<Event> from_object(const json::object& object) {
  ObjectReader reader(object);
  if (reader.number("v") != schema_version) return not_an_event("\"v\" is not 1");
  Event event;
  TRY(event.kind, parse_event_kind(reader.text("event")));
  std::optional<WallTime> at = reader.time("at");
  if (!at) return not_an_event("no time in \"at\"");
  event.at = *at;
  event.message = reader.id("id");
  event.about = reader.id("about");
  event.tenant = reader.text("tenant");
  event.stream = reader.text("stream");
  event.tags = reader.list("tags");
  event.metadata = reader.map("metadata");
  event.sender = reader.text("sender");
  event.recipients = reader.list("recipients");
  event.login = reader.text("login");
  event.client = reader.text("client");
  event.message_id = reader.text("message_id");
  event.subject = reader.text("subject");
  event.size_octets = reader.number("size");
  event.inbound = reader.flag("inbound");
  event.signed_by = reader.text("signed_by");
  event.signing_trouble = reader.text("signing_trouble");
  event.session = reader.text("session");
  event.transaction =
      static_cast<uint32_t>(std::min<uint64_t>(reader.number("transaction"), UINT32_MAX));
  event.attempt = static_cast<uint32_t>(std::min<uint64_t>(reader.number("attempt"), UINT32_MAX));
  event.site = reader.text("site");
  event.peer = {reader.text("host"),        reader.text("address"), reader.text("tls"),
                reader.text("certificate"), reader.text("source"),  reader.text("source_address")};
  event.phase = smtp::parse_phase(reader.text("phase"));
  event.reply = reader.text("reply");
  event.cause = {reader.text("class"), reader.text("who"), reader.text("rule"),
                 reader.text("remedy"), reader.flag("suppress")};
  event.next_attempt_at = reader.time("next_attempt_at");
  event.scheduled_at = reader.time("scheduled_at");
  event.delivered_at = reader.time("delivered_at");
  event.took = reader.duration("took_ms");
  event.steps = reader.steps("steps_ms");
  event.since_accepted = reader.duration("since_accepted_ms");
  event.port_switch = {reader.text("route"), reader.port("port_from"), reader.port("port_to")};
  if (!reader.ok()) return not_an_event("\"" + reader.wrong() + "\" has the wrong type");
  return event;
}

}  // namespace

std::string_view name(EventKind kind) {
  for (const NamedKind& named : kinds)
    if (named.kind == kind) return named.name;
  return "unknown";
}

bool is_about_mail(EventKind kind) {
  return kind != EventKind::port_switched && kind != EventKind::diagnosed;
}

Result<EventKind> parse_event_kind(std::string_view name) {
  for (const NamedKind& named : kinds)
    if (named.name == name) return named.kind;
  return not_an_event("unknown kind \"" + base::escape_control(name.substr(0, 64)) + "\"");
}

std::string to_json_line(const Event& event) {
  LineWriter writer;
  writer.number("v", schema_version);
  writer.text("event", name(event.kind));
  writer.text("at", base::to_rfc3339(event.at));
  if (event.message) writer.text("id", event.message->text());
  if (event.about) writer.text("about", event.about->text());
  writer.text("tenant", event.tenant);
  writer.text("stream", event.stream);
  writer.list("tags", event.tags);
  writer.map("metadata", event.metadata);
  writer.text_or_empty("sender", event.sender);
  writer.list("recipients", event.recipients);
  writer.text("login", event.login);
  writer.text("client", event.client);
  writer.text("message_id", event.message_id);
  writer.text("subject", event.subject);
  writer.number("size", event.size_octets);
  writer.flag("inbound", event.inbound);
  writer.text("signed_by", event.signed_by);
  writer.text("signing_trouble", event.signing_trouble);
  writer.text("session", event.session);
  writer.number("transaction", event.transaction);
  writer.number("attempt", event.attempt);
  writer.text("site", event.site);
  writer.text("host", event.peer.host);
  writer.text("address", event.peer.address);
  writer.text("tls", event.peer.tls);
  writer.text("certificate", event.peer.certificate);
  writer.text("source", event.peer.source);
  writer.text("source_address", event.peer.source_address);
  if (event.phase) writer.text("phase", name(*event.phase));
  writer.text("reply", event.reply);
  writer.text("class", event.cause.reply_class);
  writer.text("who", event.cause.who);
  writer.text("rule", event.cause.rule);
  writer.text("remedy", event.cause.remedy);
  writer.flag("suppress", event.cause.suppress);
  if (event.next_attempt_at)
    writer.text("next_attempt_at", base::to_rfc3339(*event.next_attempt_at));
  if (event.scheduled_at) writer.text("scheduled_at", base::to_rfc3339(*event.scheduled_at));
  if (event.delivered_at) writer.text("delivered_at", base::to_rfc3339(*event.delivered_at));
  writer.duration("took_ms", event.took);
  writer.steps("steps_ms", event.steps);
  writer.duration("since_accepted_ms", event.since_accepted);
  writer.text("route", event.port_switch.route);
  writer.number("port_from", event.port_switch.from);
  writer.number("port_to", event.port_switch.to);
  return std::move(writer).finish();
}

Result<Event> parse_json_line(std::string_view line) {
  // What a usual line needs is on the stack, and goes at once.
  std::array<unsigned char, 4096> space;
  json::monotonic_resource memory(space.data(), space.size());
  json::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error, &memory);
  if (error) return not_an_event(error.message());
  if (!value.is_object()) return not_an_event("the line is no JSON object");
  return from_object(value.get_object());
}

}  // namespace waypost::events
