#include "mailauth/dkim_tags.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::mailauth {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Octets over 0x7f are the UTF-8 of RFC 8616 §5.
constexpr bool is_value_octet(char c) {
  return is_space(c) || (static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != ';');
}

bool is_tag_name(std::string_view name) {
  return !name.empty() && base::is_alpha(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return base::is_alnum(c) || c == '_'; });
}

tl::unexpected<Error> malformed(std::string message) {
  return failure(ErrorCode::invalid_input, std::move(message));
}

}  // namespace

uint64_t tag_seconds(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  return seconds < 0 ? 0 : uint64_t(seconds);
}

std::string_view trim_folding(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Result<TagList> TagList::parse(std::string_view text) {
  if (text.size() > tag_list_octets_max)
    return malformed(fmt::format("it has over {} octets", tag_list_octets_max));
  TagList list;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(';', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    const bool is_last = end == text.size();
    if (is_last && trim_folding(part).empty() && !list.tags_.empty()) break;
    const size_t equals = part.find('=');
    const std::string_view name =
        trim_folding(part.substr(0, equals == std::string_view::npos ? part.size() : equals));
    if (name.empty()) return malformed("a tag has no name");
    if (!is_tag_name(name))
      return malformed(
          fmt::format("\"{}\" is not a tag's name", base::escape_control(name.substr(0, 64))));
    if (equals == std::string_view::npos)
      return malformed(fmt::format("the tag {} has no \"=\"", name.substr(0, 64)));
    const size_t begin = at + equals + 1;
    const std::string_view value = trim_folding(text.substr(begin, end - begin));
    if (!std::all_of(value.begin(), value.end(), is_value_octet))
      return malformed(fmt::format("the tag {} holds a control octet", name.substr(0, 64)));
    if (list.find(name))
      return malformed(fmt::format("the tag {} is there twice", name.substr(0, 64)));
    if (list.tags_.size() == tags_max)
      return malformed(fmt::format("it has over {} tags", tags_max));
    list.tags_.push_back({name, value, begin, end});
    at = end + 1;
  }
  if (list.tags_.empty()) return malformed("it is empty");
  return list;
}

const Tag* TagList::find(std::string_view name) const {
  auto found =
      std::find_if(tags_.begin(), tags_.end(), [name](const Tag& tag) { return tag.name == name; });
  return found == tags_.end() ? nullptr : &*found;
}

std::vector<std::string> split_list(std::string_view value, char separator) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= value.size();) {
    const size_t end = std::min(value.find(separator, at), value.size());
    parts.emplace_back(trim_folding(value.substr(at, end - at)));
    at = end + 1;
  }
  return parts;
}

std::optional<uint64_t> parse_number(std::string_view value, size_t digits_max) {
  if (value.empty() || value.size() > digits_max) return std::nullopt;
  uint64_t number = 0;
  for (char c : value) {
    if (!base::is_digit(c)) return std::nullopt;
    number = number * 10 + uint64_t(c - '0');
  }
  return number;
}

}  // namespace waypost::mailauth
