#include "daemon/request_keys.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;

constexpr int64_t seconds_max = int64_t{10} * 366 * 24 * 3600;

}  // namespace

tl::unexpected<Error> refused(std::string why) {
  return failure(ErrorCode::invalid_input, std::move(why));
}

const json::value* Keys::take(std::string_view key) {
  const json::value* value = object_.if_contains(key);
  if (value) ++taken_;
  return value;
}

Result<std::string> Keys::text(std::string_view key, size_t octets_max) {
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

Result<std::string> Keys::selecting_text(std::string_view key) {
  TRY(std::string value, text(key));
  if (value.empty() && object_.contains(key))
    return refused(fmt::format("\"{}\" is empty, which selects nothing", key));
  return value;
}

Result<bool> Keys::flag(std::string_view key) {
  const json::value* value = take(key);
  if (!value) return false;
  if (!value->is_bool()) return refused(fmt::format("\"{}\" is neither true nor false", key));
  return value->get_bool();
}

Result<std::optional<int64_t>> Keys::number(std::string_view key, int64_t max) {
  const json::value* value = take(key);
  if (!value) return std::nullopt;
  if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > max)
    return refused(fmt::format("\"{}\" is no number from 0 to {}", key, max));
  return value->get_int64();
}

Result<std::optional<Duration>> Keys::seconds(std::string_view key) {
  TRY(std::optional<int64_t> count, number(key, seconds_max));
  if (!count) return std::nullopt;
  return std::chrono::seconds(*count);
}

Result<WallTime> Keys::time(std::string_view key) {
  TRY(std::string text, text(key));
  return base::parse_rfc3339(text);
}

Result<void> Keys::no_more() const {
  if (taken_ == object_.size()) return {};
  return refused("the request has a key that is not known: is the relay another version?");
}

}  // namespace waypost::daemon
