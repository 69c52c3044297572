#include "intake/wishes.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::intake {
namespace {

constexpr std::string_view prefix = "X-Waypost-";
constexpr std::string_view stream_field = "X-Waypost-Stream";
constexpr std::string_view expire_after_field = "X-Waypost-Expire-After";
constexpr std::string_view tag_field = "X-Waypost-Tag";

constexpr size_t shown_octets_max = 64;

// As records::Keys has it for the stream of a login.
bool is_name_octet(char c) { return base::is_alnum(c) || c == '.' || c == '_' || c == '-'; }

tl::unexpected<smtp::Reply> refuse(std::string_view field, std::string_view why) {
  return tl::unexpected<smtp::Reply>(smtp::reply(
      554, {5, 6, 0},
      fmt::format("{}: {}", base::escape_control(field.substr(0, shown_octets_max)), why)));
}

tl::expected<void, smtp::Reply> read_stream(std::string_view value, Wishes& wishes) {
  const bool is_name = !value.empty() && value.size() <= stream_name_octets_max &&
                       std::all_of(value.begin(), value.end(), is_name_octet);
  if (!is_name)
    return refuse(stream_field, "not the name of a stream: 1 to 64 of A-Z a-z 0-9 . _ -");
  wishes.stream = base::to_lower(value);
  return {};
}

tl::expected<void, smtp::Reply> read_expire_after(std::string_view value, Wishes& wishes) {
  const Result<Duration> duration = base::parse_duration(value);
  if (!duration || *duration < expire_after_min || *duration > expire_after_max)
    return refuse(expire_after_field, "not a time from 1s to 30d, as in 10m or 1h30m");
  wishes.expire_after = *duration;
  return {};
}

// "kind=invoice", and each name once.
tl::expected<void, smtp::Reply> read_tag(std::string_view value, Wishes& wishes) {
  const size_t sign = value.find('=');
  const bool is_tag = sign != value.npos && is_tag_part(value.substr(0, sign)) &&
                      is_tag_part(value.substr(sign + 1));
  if (!is_tag)
    return refuse(tag_field,
                  "not a tag such as kind=invoice: a name and a value, each of 1 to 256 of A-Z a-z "
                  "0-9 _ -");
  if (wishes.tags.size() == tags_max)
    return refuse(tag_field, fmt::format("a message has at most {} tags", tags_max));
  const std::string_view name = value.substr(0, sign + 1);
  for (const std::string& other : wishes.tags)
    if (other.starts_with(name))
      return refuse(tag_field, fmt::format("\"{}\" has a value already",
                                           name.substr(0, std::min(sign, shown_octets_max))));
  wishes.tags.emplace_back(value);
  return {};
}

}  // namespace

bool is_tag_part(std::string_view text) {
  return !text.empty() && text.size() <= tag_part_octets_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return base::is_alnum(c) || c == '_' || c == '-'; });
}

bool is_wish(std::string_view name) { return base::starts_with_ignoring_case(name, prefix); }

tl::expected<Wishes, smtp::Reply> read_wishes(const message::HeaderBlock& header) {
  Wishes wishes;
  for (const message::HeaderField& field : header.fields) {
    if (!is_wish(field.name)) continue;
    const bool is_tag = base::equals_ignoring_case(field.name, tag_field);
    if (!is_tag && header.count(field.name) > 1) return refuse(field.name, "it stands there twice");
    const std::string unfolded = message::unfold(field.value);
    const std::string_view value = base::trim(unfolded);
    tl::expected<void, smtp::Reply> read;
    if (base::equals_ignoring_case(field.name, stream_field))
      read = read_stream(value, wishes);
    else if (base::equals_ignoring_case(field.name, expire_after_field))
      read = read_expire_after(value, wishes);
    else if (is_tag)
      read = read_tag(value, wishes);
    else
      return refuse(field.name, "this field is not known: Stream, Expire-After and Tag are");
    if (!read) return tl::unexpected<smtp::Reply>(std::move(read).error());
  }
  return wishes;
}

}  // namespace waypost::intake
