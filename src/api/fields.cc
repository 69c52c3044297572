#include "api/fields.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/problems.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "queue/asked_time.h"

namespace waypost::api {
namespace {

namespace json = boost::json;

constexpr size_t depth_max = 16;
constexpr size_t shown_octets_max = 100;

json::string_view in_json(std::string_view text) { return {text.data(), text.size()}; }

// What a text has by its marks outside of strings, before it is parsed: a value of two octets takes
// two dozen in memory.
struct Marks {
  size_t values = 1;
  size_t members = 0;
};

// Ends soon after `values_most` values.
Marks count_marks(std::string_view text, size_t values_most) {
  Marks marks;
  bool in_string = false;
  for (size_t at = 0; at < text.size() && marks.values <= values_most; ++at) {
    const char c = text[at];
    if (in_string && c == '\\')
      ++at;
    else if (c == '"')
      in_string = !in_string;
    else if (!in_string && (c == ',' || c == '[' || c == '{'))
      ++marks.values;
    else if (!in_string && c == ':')
      ++marks.members;
  }
  return marks;
}

// As deep as the parser lets it be.
size_t count_members(const json::value& value) {
  size_t members = 0;
  if (const json::object* object = value.if_object()) {
    members = object->size();
    for (const auto& member : *object) members += count_members(member.value());
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& entry : *array) members += count_members(entry);
  }
  return members;
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // RFC 8259 §8.1: may be ignored
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const Marks marks = count_marks(text, values_max);
  if (marks.values > values_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("The body has more than {} values.", values_max));
  json::parse_options options;
  options.max_depth = depth_max;
  json::error_code error;
  json::value value = json::parse(in_json(text), error, {}, options);
  if (error) return failure(ErrorCode::invalid_input, "The body is no JSON: " + error.message());
  // The parser keeps the last of them.
  if (count_members(value) != marks.members)
    return failure(ErrorCode::invalid_input,
                   "An object of the body has the same name twice: give each field once.");
  return value;
}

tl::expected<json::object, web::Response> parse_object(std::string_view body) {
  Result<json::value> value = parse_json(body);
  if (!value) return tl::unexpected(refuse(Problem::invalid_json, value.error().message()));
  if (!value->is_object())
    return tl::unexpected(refuse(Problem::invalid_json, "The body is no JSON object."));
  return std::move(value->get_object());
}

Result<WallTime> parse_query_time(std::string value) {
  constexpr size_t offset_octets = 6;
  if (value.size() > offset_octets && value[value.size() - offset_octets] == ' ')
    value[value.size() - offset_octets] = '+';
  return queue::parse_asked_time(value);
}

void Fields::note(std::string_view key, std::string message) {
  if (problems_.size() < problems_max) problems_.push_back({path_of(key), std::move(message)});
}

const json::value* Fields::take(std::string_view key) {
  known_.emplace_back(key);
  const json::value* value = object_.if_contains(in_json(key));
  return value && value->is_null() ? nullptr : value;
}

bool Fields::has(std::string_view key) const {
  const json::value* value = object_.if_contains(in_json(key));
  return value && !value->is_null();
}

std::string Fields::text_of(std::string_view key, const json::value& value, size_t octets_max,
                            bool one_line) {
  if (!value.is_string()) {
    note(key, "is no text");
    return {};
  }
  const json::string& text = value.get_string();
  if (text.size() > octets_max) {
    note(key, fmt::format("is longer than {} octets", octets_max));
    return {};
  }
  const auto is_bad = [&](char c) { return one_line ? base::is_control(c) : c == '\0'; };
  if (std::any_of(text.begin(), text.end(), is_bad)) {
    note(key, one_line ? "has line ends or other control characters" : "has the character NUL");
    return {};
  }
  return std::string(text);
}

std::string Fields::line(std::string_view key, size_t octets_max) {
  const json::value* value = take(key);
  return value ? text_of(key, *value, octets_max, true) : std::string();
}

std::string Fields::text(std::string_view key, size_t octets_max) {
  const json::value* value = take(key);
  return value ? text_of(key, *value, octets_max, false) : std::string();
}

bool Fields::flag(std::string_view key) {
  const json::value* value = take(key);
  if (value && !value->is_bool()) note(key, "is neither true nor false");
  return value && value->is_bool() && value->get_bool();
}

std::vector<std::string> Fields::lines(std::string_view key, size_t octets_max, size_t count_max) {
  const json::value* value = take(key);
  if (!value) return {};
  if (!value->is_array()) return {text_of(key, *value, octets_max, true)};
  const json::array& list = value->get_array();
  if (list.size() > count_max) {
    note(key, fmt::format("has more than {} entries", count_max));
    return {};
  }
  std::vector<std::string> lines;
  for (size_t i = 0; i < list.size(); ++i)
    lines.push_back(text_of(fmt::format("{}[{}]", key, i), list[i], octets_max, true));
  return lines;
}

const json::object* Fields::object(std::string_view key) {
  const json::value* value = take(key);
  if (value && !value->is_object()) note(key, "is no object");
  return value ? value->if_object() : nullptr;
}

const json::array* Fields::array(std::string_view key, size_t count_max) {
  const json::value* value = take(key);
  if (!value) return nullptr;
  if (!value->is_array()) {
    note(key, "is no list");
    return nullptr;
  }
  if (value->get_array().size() <= count_max) return &value->get_array();
  note(key, fmt::format("has more than {} entries", count_max));
  return nullptr;
}

void Fields::no_more() {
  for (const auto& member : object_) {
    if (problems_.size() >= problems_max) return;
    const std::string key(member.key());
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      note(base::to_valid_utf8(base::escape_control(key.substr(0, shown_octets_max))),
           "is not known here");
  }
}

}  // namespace waypost::api
