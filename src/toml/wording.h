#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace waypost::toml {

// The text in backquotes, fit for a terminal: control characters escaped, at most 60 octets.
std::string in_backquotes(std::string_view text);

// As a TOML string: in double quotes, with what must be escaped.
std::string as_toml(std::string_view text);

// `a`, `b` and `c`, as they stand in messages about keys.
std::string all_of(std::span<const std::string_view> names);

// "a", "b" or "c", as they stand in the file.
std::string one_of(std::span<const std::string_view> names);

// The name that was probably meant: few letters differ, or the same words stand in another order
// (max_connections, connections_max), or the end is missing (warn, warning). Case and `-` for `_`
// do not count. None when nothing is near.
std::optional<std::string> closest(std::string_view written,
                                   std::span<const std::string_view> names);

}  // namespace waypost::toml
