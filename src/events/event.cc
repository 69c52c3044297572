#include "events/event.h"

#include <array>

#include <boost/json.hpp>

#include "base/utf8.h"

namespace waypost::events {
namespace {

namespace json = boost::json;

constexpr int schema_version = 1;

struct NamedKind {
  EventKind kind;
  std::string_view name;
};
constexpr std::array<NamedKind, 7> kinds{{{EventKind::accepted, "accepted"},
                                          {EventKind::rejected, "rejected"},
                                          {EventKind::delivered, "delivered"},
                                          {EventKind::deferred, "deferred"},
                                          {EventKind::bounced, "bounced"},
                                          {EventKind::expired, "expired"},
                                          {EventKind::cancelled, "cancelled"}}};

double milliseconds(Duration duration) {
  return static_cast<double>(
             std::chrono::duration_cast<std::chrono::microseconds>(duration).count()) /
         1000;
}
Duration from_milliseconds(double milliseconds) {
  return std::chrono::microseconds(static_cast<int64_t>(milliseconds * 1000));
}

// Most text is valid and is taken as it is; what a peer sent may not be.
std::string json_text(std::string_view text) {
  return base::is_utf8(text) ? std::string(text) : base::to_valid_utf8(text);
}

// Collects the fields that have something to say, in the order in which people read them.
class ObjectWriter {
 public:
  explicit ObjectWriter(json::object& object) : object_(object) {}
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) object_.emplace(key, json_text(value));
  }
  void number(std::string_view key, uint64_t value) {
    if (value != 0) object_.emplace(key, value);
  }
  void duration(std::string_view key, Duration value) {
    if (value != Duration::zero()) object_.emplace(key, milliseconds(value));
  }
  void list(std::string_view key, const std::vector<std::string>& values) {
    if (values.empty()) return;
    json::array array;
    array.reserve(values.size());
    for (const std::string& value : values) array.emplace_back(json_text(value));
    object_.emplace(key, std::move(array));
  }
  void map(std::string_view key, const std::map<std::string, std::string>& values) {
    if (values.empty()) return;
    json::object object;
    for (const auto& [name, value] : values) object.emplace(json_text(name), json_text(value));
    object_.emplace(key, std::move(object));
  }

 private:
  json::object& object_;
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

std::optional<Phase> parse_phase(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(Phase::content); ++i)
    if (name(static_cast<Phase>(i)) == text) return static_cast<Phase>(i);
  return std::nullopt;
}

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
  if (std::string id = reader.text("id"); !id.empty()) {
    TRY(event.message, MessageId::parse(id));
  }
  event.tenant = reader.text("tenant");
  event.stream = reader.text("stream");
  event.tags = reader.list("tags");
  event.metadata = reader.map("metadata");
  event.sender = reader.text("sender");
  event.recipients = reader.list("recipients");
  event.login = reader.text("login");
  event.client = reader.text("client");
  event.message_id = reader.text("message_id");
  event.size_octets = reader.number("size");
  event.attempt = static_cast<uint32_t>(reader.number("attempt"));
  event.site = reader.text("site");
  event.peer = {reader.text("host"), reader.text("address"), reader.text("tls")};
  event.phase = parse_phase(reader.text("phase"));
  event.reply = reader.text("reply");
  event.next_attempt_at = reader.time("next_attempt_at");
  event.took = reader.duration("took_ms");
  event.since_accepted = reader.duration("since_accepted_ms");
  if (!reader.ok()) return not_an_event("\"" + reader.wrong() + "\" has the wrong type");
  return event;
}

}  // namespace

std::string_view name(EventKind kind) {
  for (const NamedKind& named : kinds)
    if (named.kind == kind) return named.name;
  return "unknown";
}

Result<EventKind> parse_event_kind(std::string_view name) {
  for (const NamedKind& named : kinds)
    if (named.name == name) return named.kind;
  return not_an_event("unknown kind \"" + std::string(name) + "\"");
}

std::string to_json_line(const Event& event) {
  json::object object;
  object.reserve(24);
  ObjectWriter writer(object);
  object.emplace("v", schema_version);
  object.emplace("event", name(event.kind));
  object.emplace("at", base::to_rfc3339(event.at));
  if (event.message) writer.text("id", event.message->text());
  writer.text("tenant", event.tenant);
  writer.text("stream", event.stream);
  writer.list("tags", event.tags);
  writer.map("metadata", event.metadata);
  object.emplace("sender", json_text(event.sender));
  writer.list("recipients", event.recipients);
  writer.text("login", event.login);
  writer.text("client", event.client);
  writer.text("message_id", event.message_id);
  writer.number("size", event.size_octets);
  writer.number("attempt", event.attempt);
  writer.text("site", event.site);
  writer.text("host", event.peer.host);
  writer.text("address", event.peer.address);
  writer.text("tls", event.peer.tls);
  if (event.phase) writer.text("phase", name(*event.phase));
  writer.text("reply", event.reply);
  if (event.next_attempt_at)
    writer.text("next_attempt_at", base::to_rfc3339(*event.next_attempt_at));
  writer.duration("took_ms", event.took);
  writer.duration("since_accepted_ms", event.since_accepted);
  return json::serialize(object);
}

Result<Event> parse_json_line(std::string_view line) {
  json::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error) return not_an_event(error.message());
  if (!value.is_object()) return not_an_event("the line is no JSON object");
  return from_object(value.get_object());
}

}  // namespace waypost::events
