#include "base/json_writer.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/ascii.h"

namespace waypost::base {
namespace {

bool needs_escape(char c) { return is_control(c) || c == '"' || c == '\\'; }

void append_escaped(std::string& json, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  json += '\\';
  if (c == '"' || c == '\\') {
    json += c;
  } else if (c == '\n') {
    json += 'n';
  } else if (c == '\r') {
    json += 'r';
  } else if (c == '\t') {
    json += 't';
  } else {
    json += "u00";
    json += digits[static_cast<unsigned char>(c) >> 4];
    json += digits[static_cast<unsigned char>(c) & 0xf];
  }
}

}  // namespace

void append_json_string(std::string& json, std::string_view text) {
  json += '"';
  for (auto run = text.begin(); run != text.end();) {
    const auto end = std::find_if(run, text.end(), needs_escape);
    json.append(run, end);
    if (end == text.end()) break;
    append_escaped(json, *end);
    run = end + 1;
  }
  json += '"';
}

void JsonWriter::number(std::string_view key, int64_t value) {
  char digits[20];
  const std::to_chars_result end = std::to_chars(std::begin(digits), std::end(digits), value);
  member(key).append(std::begin(digits), end.ptr);
}

std::string& JsonWriter::member(std::string_view key) {
  json_ += json_.empty() ? "{\"" : ",\"";
  json_ += key;
  json_ += "\":";
  return json_;
}

std::string JsonWriter::finish() && {
  json_ += json_.empty() ? "{}" : "}";
  return std::move(json_);
}

}  // namespace waypost::base
