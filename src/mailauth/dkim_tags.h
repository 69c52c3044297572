#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace waypost::mailauth {

inline constexpr size_t tag_list_octets_max = 32 * 1024;
inline constexpr size_t tags_max = 64;

struct Tag {
  std::string_view name;
  std::string_view value;  // without the blanks at its ends, folded inside
  size_t begin = 0;        // all behind the "=", up to the ";" or the end, in the parsed text
  size_t end = 0;
};

// The "name=value; name=value" of signatures and key records (RFC 6376 §3.2). Views point into the
// parsed text.
class TagList {
 public:
  // invalid_input, with what is wrong, for text that has no such form, a name that is there twice,
  // or a limit passed.
  static Result<TagList> parse(std::string_view text);

  // Names have a case. nullptr when it is not there. Owned by the list.
  const Tag* find(std::string_view name) const;
  const std::vector<Tag>& tags() const { return tags_; }

 private:
  std::vector<Tag> tags_;
};

// The parts of a list between `separator`, without blanks around each; empty parts stay.
std::vector<std::string> split_list(std::string_view value, char separator);

// Digits only, at most `digits_max` of them, which are 19 or fewer.
std::optional<uint64_t> parse_number(std::string_view value, size_t digits_max);

// What t= and x= say: seconds since 1970, begun ones not counted; 0 for what was before.
uint64_t tag_seconds(WallTime time);

// Without the blanks and line ends at both ends (FWS, RFC 6376 §2.8).
std::string_view trim_folding(std::string_view text);

}  // namespace waypost::mailauth
