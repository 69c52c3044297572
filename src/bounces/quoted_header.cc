#include "bounces/quoted_header.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace waypost::bounces {
namespace {

// As they stand in messages, and as mail programs translate them.
constexpr std::array<std::string_view, 22> usual_names{
    "from",       "to",          "cc",           "subject",     "date",    "sent",
    "message-id", "reply-to",    "von",          "an",          "betreff", "datum",
    "gesendet",   "de",          "para",         "asunto",      "objet",   "oggetto",
    "received",   "return-path", "mime-version", "content-type"};
constexpr std::array<std::string_view, 6> usual_beginnings{"x-",   "content-", "dkim-",
                                                           "arc-", "list-",    "mime-"};
constexpr size_t dashes_min = 3;

std::string_view without_quoting(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t>|");
  return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
}

enum class Line { blank, rule, usual_field, other_field, indented, words };

Line line_of(std::string_view line) {
  const std::string_view words = without_quoting(line);
  if (base::trim(words).empty()) return Line::blank;
  if (std::count(words.begin(), words.end(), '-') >= std::ptrdiff_t(dashes_min) &&
      words.starts_with("---"))
    return Line::rule;
  const size_t colon = words.find(':');
  if (colon != std::string_view::npos) {
    const std::string name = base::to_lower(base::trim(words.substr(0, colon)));
    if (std::find(usual_names.begin(), usual_names.end(), name) != usual_names.end())
      return Line::usual_field;
    for (std::string_view beginning : usual_beginnings)
      if (name.starts_with(beginning) && name.find(' ') == std::string::npos)
        return Line::other_field;
  }
  return line.front() == ' ' || line.front() == '\t' ? Line::indented : Line::words;
}

}  // namespace

std::optional<QuotedHeader> find_quoted_header(std::string_view text, size_t from) {
  QuotedHeader found;
  size_t usual = 0;
  bool is_under_rule = false;
  for (size_t at = from; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    std::string_view octets = text.substr(at, end - at);
    if (octets.ends_with('\n')) octets.remove_suffix(1);
    const Line line = line_of(octets);
    const bool is_field = line == Line::usual_field || line == Line::other_field;
    if (is_field || (usual > 0 && line == Line::indented)) {
      if (usual == 0) found = {at, end, is_under_rule};
      usual += line == Line::usual_field;
      found.end = end;
    } else {
      if (usual >= 2 || (usual == 1 && found.is_under_rule)) return found;
      usual = 0;
      if (line != Line::blank) is_under_rule = line == Line::rule;
    }
    at = end;
  }
  if (usual >= 2 || (usual == 1 && found.is_under_rule)) return found;
  return std::nullopt;
}

std::string without_quoted_headers(std::string text) {
  for (auto header = find_quoted_header(text); header;
       header = find_quoted_header(text, header->end))
    std::replace_if(
        text.begin() + std::ptrdiff_t(header->begin), text.begin() + std::ptrdiff_t(header->end),
        [](char c) { return c != '\n'; }, ' ');
  return text;
}

}  // namespace waypost::bounces
