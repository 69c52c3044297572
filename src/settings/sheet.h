#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.h"
#include "settings/source_text.h"

namespace waypost::settings {

// A value as the dialect reads it, and where it was written.
struct Written {
  std::string_view key;
  size_t key_offset = 0;
  size_t offset = 0;
  size_t length = 0;
  std::string_view value;
  bool is_elsewhere = false;
  std::string_view variable = {};  // of the environment, where it is taken from
};

// What was written, in the order of the text: between the reader of a dialect and Settings. Values
// are kept as secrets, since any of them may be one.
class Sheet {
 public:
  struct Entry {
    Assignment assignment;
    base::Secret value;
    bool is_elsewhere = false;
    std::string variable = {};
  };

  explicit Sheet(const SourceText& source) : source_(source) {}

  // The index of the new entry. Beyond entries_max nothing is kept, and is_full() says so.
  size_t add(const Written& written, bool is_secret = false);
  bool is_full() const { return is_full_; }
  const Entry& operator[](size_t index) const { return entries_[index]; }
  size_t size() const { return entries_.size(); }

  // The last entry with this key; null for none.
  const Entry* find(std::string_view key) const;
  // The same for an entry that says something: not empty, or elsewhere.
  bool has(std::string_view key) const;
  // The value of the last entry; empty for none, and where it is elsewhere.
  std::string_view value(std::string_view key) const;

  // Only these entries count from now on.
  void keep(const std::vector<size_t>& indexes);
  // Gives `settings` the assignments; fails where there were more than are kept.
  Result<void> hand_over(Settings& settings) const;

 private:
  // A real file has some twenty; each costs a look along its line.
  static constexpr size_t entries_max = 1000;

  const SourceText& source_;
  std::vector<Entry> entries_;
  bool is_full_ = false;
};

void take(const Sheet::Entry* entry, Setting<std::string>& setting);
void take(const Sheet::Entry* entry, Setting<base::Secret>& setting);
// A port as a number, or by the name of its service; 0 for what is neither.
void take_port(const Sheet::Entry* entry, Setting<unsigned>& setting);
// `value` as the entry says it, with the place of the entry, which may be null.
template <class T>
void take_as(T value, const Sheet::Entry* entry, Setting<T>& setting) {
  setting.value = value;
  if (!entry) return;
  setting.place = entry->assignment.place;
  setting.is_elsewhere = entry->is_elsewhere;
  setting.variable = entry->variable;
}

// Says in `settings` which one counts, where the key is there more than once with other values.
void notice_repeated(const Sheet& sheet, std::string_view key, Settings& settings);

// Digits alone, 9 at most; 0 for what is no number.
unsigned number_in(std::string_view text);

}  // namespace waypost::settings
