#include "records/suppression_json.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"

namespace waypost::records {
namespace {

namespace json = boost::json;

constexpr size_t address_octets_max = 1024;
constexpr size_t name_octets_max = 256;
constexpr size_t reason_octets_max = 64;

tl::unexpected<Error> wrong(std::string why) {
  return failure(ErrorCode::invalid_input, std::move(why));
}

Result<std::string> text_at(const json::object& object, std::string_view key, size_t octets_max) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  if (!value) return std::string();
  if (!value->is_string()) return wrong(fmt::format("\"{}\" is no text", key));
  std::string text(value->get_string());
  if (text.size() > octets_max)
    return wrong(fmt::format("\"{}\" is longer than {} octets", key, octets_max));
  return text;
}

// On one line, as all that people may be shown.
Result<std::string> line_at(const json::object& object, std::string_view key, size_t octets_max) {
  TRY(std::string text, text_at(object, key, octets_max));
  if (std::any_of(text.begin(), text.end(), base::is_control))
    return wrong(fmt::format("\"{}\" has control characters", key));
  return text;
}

}  // namespace

bool is_reason(std::string_view text) {
  return !text.empty() && text.size() <= reason_octets_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c == '-' || (base::is_alnum(c) && base::to_lower(c) == c);
         });
}

std::string text_of(SuppressionScope scope, const std::string& scope_name) {
  std::string text(name(scope));
  return scope == SuppressionScope::all_mail ? text : text + ":" + scope_name;
}

Result<std::pair<SuppressionScope, std::string>> parse_scope_text(std::string_view text) {
  const size_t colon = std::min(text.find(':'), text.size());
  auto scope = parse_suppression_scope(text.substr(0, colon));
  std::string scope_name = base::to_lower(text.substr(std::min(colon + 1, text.size())));
  const bool named = scope != SuppressionScope::all_mail;
  if (!scope || named == scope_name.empty() || scope_name.size() > name_octets_max ||
      std::any_of(scope_name.begin(), scope_name.end(), base::is_control))
    return wrong("a scope is all, stream:NAME or sender-domain:NAME");
  return std::pair(*scope, std::move(scope_name));
}

json::object to_json(const Suppression& entry) {
  json::object object{{"address", base::to_valid_utf8(entry.address)},
                      {"scope", text_of(entry.scope, entry.scope_name)},
                      {"reason", entry.reason},
                      {"since", base::to_rfc3339(entry.since)}};
  if (entry.expires) object["expires"] = base::to_rfc3339(*entry.expires);
  auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) object[key] = base::to_valid_utf8(text);
  };
  add("who", entry.who);
  add("message", entry.message);
  add("evidence", entry.evidence);
  return object;
}

Result<Suppression> parse_suppression(const json::object& object) {
  Suppression entry;
  TRY(entry.address, line_at(object, "address", address_octets_max));
  if (entry.address.empty()) return wrong("it has no address");
  TRY(std::string scope, line_at(object, "scope", 2 * name_octets_max));
  if (!scope.empty()) {
    TRY(auto parsed, parse_scope_text(scope));
    entry.scope = parsed.first;
    entry.scope_name = std::move(parsed.second);
  }
  TRY(entry.reason, line_at(object, "reason", reason_octets_max));
  if (!is_reason(entry.reason))
    return wrong("a reason is 1 to 64 of the characters a-z 0-9 -, such as recipient-unknown");
  TRY(std::string since, line_at(object, "since", name_octets_max));
  TRY(entry.since, base::parse_rfc3339(since));
  TRY(std::string expires, line_at(object, "expires", name_octets_max));
  if (!expires.empty()) {
    TRY(entry.expires, base::parse_rfc3339(expires));
  }
  TRY(entry.who, line_at(object, "who", name_octets_max));
  TRY(entry.message, line_at(object, "message", name_octets_max));
  // Of hostile words the octets are kept, and whoever shows them escapes them.
  TRY(entry.evidence, text_at(object, "evidence", size_t{4} * suppression_evidence_octets_max));
  return entry;
}

}  // namespace waypost::records
