#pragma once

#include <string_view>
#include <vector>

#include "settings/settings.h"

namespace waypost::settings {

// A text and its lines. The text must outlive it.
class SourceText {
 public:
  explicit SourceText(std::string_view text);

  std::string_view text() const { return text_; }
  size_t line_count() const { return starts_.size(); }
  // Where line `index`, counted from 0, begins.
  size_t line_start(size_t index) const { return starts_[index]; }
  // Without its line end, LF or CRLF.
  std::string_view line(size_t index) const;
  // The index of the line in which the octet at `offset` stands.
  size_t line_at(size_t offset) const;

  Place place(size_t offset, size_t length, bool is_secret = false) const;

 private:
  std::string_view text_;
  std::vector<size_t> starts_;
};

}  // namespace waypost::settings
