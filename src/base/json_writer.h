#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace waypost::base {

// Appends `text` as a JSON string (RFC 8259 §7). Octets that are no UTF-8 stay as they are.
void append_json_string(std::string& json, std::string_view text);

// Writes one JSON object, member after member, for values that would only be built to be thrown
// away. Keys are ours and need no escape.
class JsonWriter {
 public:
  // Room for `octets_usual` is made at once.
  explicit JsonWriter(size_t octets_usual) { json_.reserve(octets_usual); }

  void text(std::string_view key, std::string_view value) {
    append_json_string(member(key), value);
  }
  void number(std::string_view key, int64_t value);
  void boolean(std::string_view key, bool value) { member(key) += value ? "true" : "false"; }
  // Another kind of value, which the caller appends.
  std::string& member(std::string_view key);

  std::string finish() &&;

 private:
  std::string json_;
};

}  // namespace waypost::base
