#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "toml/document.h"

namespace waypost::toml {

// The lines of a TOML text, and which of them stand alone: not inside a list or a string that spans
// lines. It exists because the TOML parser stops at its first error and recurses as deep as the
// text asks it to.
class Outline {
 public:
  explicit Outline(std::string_view text);

  size_t line_count() const { return lines_.size(); }
  // Without its line end; empty for a line that does not exist. Lines count from 1.
  std::string_view line(size_t number) const;
  // The line is a whole `key = value` by itself, so that leaving it out changes nothing else.
  bool stands_alone(size_t number) const;
  // The line on which the list, table or long string began that is still open at the start of line
  // `number`; 0 when none is.
  size_t opened_at(size_t number) const;
  // The first place that nests deeper than this program reads.
  const std::optional<Place>& too_deep() const { return too_deep_; }

 private:
  struct Line {
    std::string_view text;
    bool neutral_at_start;
  };
  enum class Quote { none, basic, literal, long_basic, long_literal };

  void scan(std::string_view text);
  size_t step(std::string_view text, size_t at);
  size_t step_in_quote(std::string_view text, size_t at);
  void count_nesting(char c);

  std::vector<Line> lines_;
  std::optional<Place> too_deep_;
  Quote quote_ = Quote::none;
  bool in_comment_ = false;
  unsigned brackets_ = 0;
  unsigned dots_ = 0;
};

// The place of the first octet that is not UTF-8.
std::optional<Place> first_invalid_utf8(std::string_view text);

}  // namespace waypost::toml
