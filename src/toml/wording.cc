#include "toml/wording.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::toml {
namespace {

constexpr size_t shown_octets_max = 60;
constexpr size_t compared_octets_max = 64;  // edit distance takes their square

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string normal_form(std::string_view name) {
  std::string form = base::to_lower(name);
  std::replace(form.begin(), form.end(), '-', '_');
  return form;
}

std::string with_sorted_words(std::string_view name) {
  std::vector<std::string_view> words;
  while (!name.empty()) {
    size_t end = std::min(name.find('_'), name.size());
    words.push_back(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  std::sort(words.begin(), words.end());
  return fmt::format("{}", fmt::join(words, "_"));
}

// Optimal string alignment: insert, delete, replace or swap two neighbours, each for one.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, std::exchange(row, std::vector<size_t>(b.size() + 1)));
  }
  return last[b.size()];
}

constexpr size_t prefix_octets_min = 3;

size_t difference(const std::string& written, std::string_view name) {
  if (written.size() >= prefix_octets_min && name != written && name.starts_with(written)) return 1;
  size_t as_they_stand = edit_distance(written, name);
  size_t by_words = edit_distance(with_sorted_words(written), with_sorted_words(name));
  return std::min(as_they_stand, by_words);
}

std::string enumerate(std::span<const std::string_view> names, char quote,
                      std::string_view last_joint) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? last_joint : ", ";
    text += fmt::format("{0}{1}{0}", quote, names[i]);
  }
  return text;
}

}  // namespace

std::string in_backquotes(std::string_view text) {
  std::string shown = base::escape_control(text.substr(0, shown_octets_max + 1));
  if (shown.size() <= shown_octets_max) return fmt::format("`{}`", shown);
  size_t end = shown_octets_max;
  while (end > 0 && is_continuation(shown[end])) --end;
  return fmt::format("`{}...`", shown.substr(0, end));
}

std::string as_toml(std::string_view text) {
  std::string written = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') written += '\\';
    if (base::is_control(c))
      written += fmt::format("\\u{:04x}", unsigned(c));
    else
      written += c;
  }
  return written + '"';
}

std::string all_of(std::span<const std::string_view> names) {
  return enumerate(names, '`', " and ");
}

std::string one_of(std::span<const std::string_view> names) {
  return enumerate(names, '"', " or ");
}

std::optional<std::string> closest(std::string_view written,
                                   std::span<const std::string_view> names) {
  if (written.empty() || written.size() > compared_octets_max) return std::nullopt;
  std::string form = normal_form(written);
  size_t smallest = std::numeric_limits<size_t>::max();
  std::string_view nearest;
  for (std::string_view name : names) {
    size_t distance = difference(form, name);
    // About a third of the letters may be wrong, and at least one must be right.
    if (distance * 3 > std::max(form.size(), name.size()) + 1 || distance >= smallest) continue;
    smallest = distance;
    nearest = name;
  }
  if (nearest.empty() || smallest >= nearest.size()) return std::nullopt;
  return std::string(nearest);
}

}  // namespace waypost::toml
