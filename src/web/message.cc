#include "web/message.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/json_writer.h"
#include "base/utf8.h"

namespace waypost::web {
namespace {

constexpr size_t parameters_max = 32;

int hex_value(char c) {
  if (base::is_digit(c)) return c - '0';
  const char lower = base::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string_view Request::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

Response problem(unsigned code, std::string_view name, std::string_view title,
                 std::string_view detail, const std::vector<FieldProblem>& errors) {
  base::JsonWriter writer(256 + detail.size());
  writer.text("type", "/v1/problems/" + std::string(name));
  writer.text("title", title);
  writer.number("status", code);
  const std::string words = base::to_valid_utf8(detail);
  writer.text("detail", words);
  // What clients made for other mail services look at.
  writer.text("name", name);
  writer.text("message", words);
  writer.number("statusCode", code);
  if (!errors.empty()) {
    std::string& list = writer.member("errors");
    list += '[';
    for (const FieldProblem& error : errors) {
      base::JsonWriter one(64 + error.message.size());
      one.text("field", base::to_valid_utf8(error.field));
      one.text("message", base::to_valid_utf8(error.message));
      list += (&error == errors.data() ? "" : ",") + std::move(one).finish();
    }
    list += ']';
  }
  return {.code = code,
          .content_type = "application/problem+json",
          .body = std::move(writer).finish() + "\n"};
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!base::is_utf8(decoded) || std::any_of(decoded.begin(), decoded.end(), base::is_control))
    return std::nullopt;
  return decoded;
}

std::optional<std::map<std::string, std::string, std::less<>>> parse_query(std::string_view query) {
  std::map<std::string, std::string, std::less<>> parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (one.empty()) continue;
    const size_t sign = std::min(one.find('='), one.size());
    std::string value(one.substr(std::min(sign + 1, one.size())));
    std::replace(value.begin(), value.end(), '+', ' ');  // as forms write a blank
    auto name = percent_decode(one.substr(0, sign));
    auto decoded = percent_decode(value);
    if (!name || !decoded || parameters.size() >= parameters_max) return std::nullopt;
    if (!parameters.emplace(*std::move(name), *std::move(decoded)).second) return std::nullopt;
  }
  return parameters;
}

}  // namespace waypost::web
