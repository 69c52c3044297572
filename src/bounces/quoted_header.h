#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace waypost::bounces {

// Fields of the returned message in the text of a notice, whatever language the line above them is
// in.
struct QuotedHeader {
  size_t begin = 0;  // of its first line
  size_t end = 0;    // behind its last one
  // A line of dashes stands above: then all that follows is of the returned message.
  bool is_under_rule = false;
};

// The first at `from` or behind it: two of the fields that every message has, in lines that follow
// each other, quoted or indented or not; below a line of dashes one is enough. Pure.
std::optional<QuotedHeader> find_quoted_header(std::string_view text, size_t from = 0);

// The text with blanks in the place of all of them; all else stays at its place.
std::string without_quoted_headers(std::string text);

}  // namespace waypost::bounces
