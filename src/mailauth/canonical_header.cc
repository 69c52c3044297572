#include "mailauth/canonical_header.h"

#include <algorithm>
#include <map>

#include "base/ascii.h"

namespace waypost::mailauth {
namespace {

using message::HeaderField;

constexpr std::string_view line_end = "\r\n";

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Lines that end with LF alone get their CR: that is how they travel.
void append_with_line_ends(std::string_view octets, std::string& canonical) {
  char before = '\0';
  for (char c : octets) {
    if (c == '\n' && before != '\r') canonical += '\r';
    canonical += c;
    before = c;
  }
}

// Unfolded, blanks in a row as one space. What follows is appended as if it stood in the same
// value.
class Relaxed {
 public:
  explicit Relaxed(std::string& canonical) : canonical_(canonical) {}

  void append(std::string_view octets) {
    for (size_t i = 0; i < octets.size(); ++i) {
      const char c = octets[i];
      const bool ends_line =
          c == '\n' || (c == '\r' && i + 1 < octets.size() && octets[i + 1] == '\n');
      if (ends_line) continue;
      if (is_blank(c)) {
        space_ = any_;
        continue;
      }
      if (space_) canonical_ += ' ';
      space_ = false;
      any_ = true;
      canonical_ += c;
    }
  }

 private:
  std::string& canonical_;
  bool any_ = false;
  bool space_ = false;
};

void append_name(const HeaderField& field, std::string& canonical) {
  for (char c : field.name) canonical += base::to_lower(c);
  canonical += ':';
}

}  // namespace

void append_canonical_field(CanonicalForm form, const HeaderField& field, std::string_view octets,
                            std::string& canonical) {
  if (form == CanonicalForm::relaxed) {
    append_name(field, canonical);
    Relaxed(canonical).append(field.value);
    canonical += line_end;
    return;
  }
  std::string_view whole = octets.substr(field.offset, field.octets);
  append_with_line_ends(whole, canonical);
  if (!whole.ends_with('\n')) canonical += line_end;
}

void append_canonical_signature(CanonicalForm form, const HeaderField& field,
                                std::string_view octets, size_t b_begin, size_t b_end,
                                std::string& canonical) {
  const std::string_view before = field.value.substr(0, b_begin);
  const std::string_view behind = field.value.substr(b_end);
  if (form == CanonicalForm::relaxed) {
    append_name(field, canonical);
    Relaxed relaxed(canonical);
    relaxed.append(before);
    relaxed.append(behind);
    return;
  }
  // From the field's name on; blanks behind the value count unless they belong to b=.
  const size_t value_at = size_t(field.value.data() - octets.data());
  append_with_line_ends(octets.substr(field.offset, value_at - field.offset), canonical);
  append_with_line_ends(before, canonical);
  if (behind.empty()) return;
  append_with_line_ends(behind, canonical);
  std::string_view rest = octets.substr(value_at + field.value.size());
  rest = rest.substr(0, field.offset + field.octets - (value_at + field.value.size()));
  while (rest.ends_with('\n') || rest.ends_with('\r')) rest.remove_suffix(1);
  append_with_line_ends(rest, canonical);
}

FieldPicker::FieldPicker(const message::HeaderBlock& block) {
  entries_.reserve(block.fields.size());
  for (auto field = block.fields.rbegin(); field != block.fields.rend(); ++field)
    entries_.push_back({base::to_lower(field->name), &*field});
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.name < b.name; });
}

std::vector<const HeaderField*> FieldPicker::pick(const std::vector<std::string>& names) const {
  std::vector<const HeaderField*> picked;
  picked.reserve(names.size());
  std::map<std::string, size_t> next;
  for (const std::string& name : names) {
    const std::string key = base::to_lower(name);
    auto [at, is_new] = next.try_emplace(key, 0);
    if (is_new)
      at->second = size_t(std::lower_bound(entries_.begin(), entries_.end(), key,
                                           [](const Entry& entry, const std::string& wanted) {
                                             return entry.name < wanted;
                                           }) -
                          entries_.begin());
    if (at->second < entries_.size() && entries_[at->second].name == key)
      picked.push_back(entries_[at->second++].field);
  }
  return picked;
}

}  // namespace waypost::mailauth
