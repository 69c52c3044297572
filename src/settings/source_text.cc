#include "settings/source_text.h"

#include <algorithm>

namespace waypost::settings {

SourceText::SourceText(std::string_view text) : text_(text), starts_{0} {
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') starts_.push_back(i + 1);
}

std::string_view SourceText::line(size_t index) const {
  const size_t start = starts_[index];
  size_t end = index + 1 < starts_.size() ? starts_[index + 1] - 1 : text_.size();
  if (end > start && text_[end - 1] == '\r') --end;
  return text_.substr(start, end - start);
}

size_t SourceText::line_at(size_t offset) const {
  return size_t(std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin()) - 1;
}

Place SourceText::place(size_t offset, size_t length, bool is_secret) const {
  const size_t index = line_at(offset);
  const std::string_view before = text_.substr(starts_[index], offset - starts_[index]);
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  Place place;
  place.line = unsigned(index + 1);
  place.column = unsigned(before.size()) -
                 unsigned(std::count_if(before.begin(), before.end(), continues)) + 1;
  place.offset = offset;
  place.length = length;
  if (!is_secret) place.raw = text_.substr(offset, length);
  return place;
}

}  // namespace waypost::settings
