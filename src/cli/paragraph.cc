#include "cli/paragraph.h"

#include <algorithm>

namespace waypost::cli {

std::string paragraph(std::string_view text, size_t indent) {
  constexpr size_t width = 78;
  const std::string margin(indent, ' ');
  std::string lines;
  std::string line;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) {
      lines += margin + line + "\n";
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return lines + margin + line + "\n";
}

}  // namespace waypost::cli
