#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/time.h"
#include "message/header_block.h"
#include "smtp/reply.h"

// What the sender of a message wants of the relay, said in fields of its header. Pure.
namespace waypost::intake {

struct Wishes {
  std::string stream;                    // X-Waypost-Stream, lower case; empty: the login's
  std::optional<Duration> expire_after;  // X-Waypost-Expire-After: "10m"
  std::vector<std::string> tags;         // X-Waypost-Tag, once for each: "kind=invoice"
};

inline constexpr size_t stream_name_octets_max = 64;
inline constexpr Duration expire_after_min = std::chrono::seconds(1);
inline constexpr Duration expire_after_max = std::chrono::days(30);

inline constexpr size_t tags_max = 20;
inline constexpr size_t tag_part_octets_max = 256;

// Whether it can be the name of a tag, or its value: 1 to 256 of A-Z a-z 0-9 _ -
bool is_tag_part(std::string_view text);

// Whether the field is one for us, whatever it wishes: any "X-Waypost-...".
bool is_wish(std::string_view name);

// The refusal is 554 5.6.0: a wish that cannot be read, that stands there twice, or that we do not
// know. A message that would go out otherwise than its sender means must not go out.
tl::expected<Wishes, smtp::Reply> read_wishes(const message::HeaderBlock& header);

}  // namespace waypost::intake
