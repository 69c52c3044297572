#include "mailauth/sts_record.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::mailauth {
namespace {

constexpr std::string_view version = "v=STSv1";
constexpr size_t id_octets_max = 32;
constexpr size_t name_octets_max = 32;
constexpr size_t shown_octets_max = 60;

std::string shown(std::string_view text) {
  return base::escape_control(text.substr(0, shown_octets_max));
}

tl::unexpected<Error> wrong(std::string what) {
  return failure(ErrorCode::invalid_input, std::move(what));
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= id_octets_max &&
         std::all_of(text.begin(), text.end(), base::is_alnum);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_octets_max && base::is_alnum(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return base::is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_value(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != ';' && c != '=';
  });
}

}  // namespace

bool is_sts_record(std::string_view text) {
  return text.starts_with(version) && text.substr(version.size()).starts_with(';');
}

bool is_nearly_sts_record(std::string_view text) {
  std::string letters;
  for (char c : text.substr(0, shown_octets_max))
    if (base::is_alnum(c)) letters += base::to_lower(c);
  return !is_sts_record(text) && letters.starts_with("vsts");
}

Result<StsRecord> parse_sts_record(std::string_view text) {
  if (!is_sts_record(text))
    return wrong(fmt::format("it must begin with \"v=STSv1;\", exactly so, and begins with \"{}\"",
                             shown(text.substr(0, 12))));
  StsRecord record;
  record.text = text;
  std::string_view rest = text.substr(version.size() + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view field = base::trim(rest.substr(0, end));
    const bool last = end == rest.size();
    rest.remove_prefix(last ? end : end + 1);
    if (field.empty() && rest.empty()) break;
    const size_t equals = std::min(field.find('='), field.size());
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    if (equals == field.size() || !is_name(name) || !is_value(value))
      return wrong(fmt::format("\"{}\" is no NAME=VALUE of visible characters", shown(field)));
    if (name != "id" || !record.id.empty()) continue;
    if (!is_id(value))
      return wrong(fmt::format("the id \"{}\" is not 1 to 32 letters and digits", shown(value)));
    record.id = value;
  }
  if (record.id.empty()) return wrong("it has no id, as in \"v=STSv1; id=20261122\"");
  return record;
}

}  // namespace waypost::mailauth
