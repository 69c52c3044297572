#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

// Members of JSON from outside, where anything may be missing or of another kind.
namespace waypost::base {

// Null when `value` is no object, or has no such member.
inline const boost::json::value* json_member(const boost::json::value& value,
                                             std::string_view name) {
  const boost::json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

// Empty when it is not there or no text.
inline std::string json_text(const boost::json::value& value, std::string_view name) {
  const boost::json::value* found = json_member(value, name);
  const boost::json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace waypost::base
