#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "settings/settings.h"

// What the tests of every dialect do.
namespace waypost::settings {

inline Settings read_well(std::string_view text, std::optional<Dialect> dialect,
                          std::string_view file = "file") {
  Result<Settings> settings = read(text, dialect, file);
  if (settings) return *std::move(settings);
  ADD_FAILURE() << settings.error().describe();
  return {};
}

inline std::string applied(std::string text, const std::vector<Edit>& all) {
  for (auto edit = all.rbegin(); edit != all.rend(); ++edit)
    text.replace(edit->offset, edit->length, edit->text);
  return text;
}

// Line and column lead to the same octet as the offset, where `raw` stands.
inline void expect_place_is_right(const Place& place, std::string_view text) {
  if (place.line == 0) return;
  size_t start = 0;
  for (unsigned line = 1; line < place.line; ++line) start = text.find('\n', start) + 1;
  unsigned column = 1;
  size_t at = start;
  for (; column < place.column; ++column) do
      ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  EXPECT_EQ(at, place.offset);
  if (!place.raw.empty()) {
    EXPECT_EQ(text.substr(place.offset, place.length), place.raw);
  }
}

inline void expect_places_are_right(const Settings& settings, std::string_view text) {
  for (const Assignment& assignment : settings.assignments)
    expect_place_is_right(assignment.place, text);
  for (const Place* place : {&settings.host.place, &settings.port.place, &settings.encryption.place,
                             &settings.user.place, &settings.password.place, &settings.from.place})
    expect_place_is_right(*place, text);
}

// Each kind of change, alone and all together, is what is read afterwards; the rest stays.
struct Writable {
  bool none = true;  // no encryption at all can be said
  bool user = true;
};
inline void expect_change_round_trips(std::string_view text, Dialect dialect,
                                      Writable writable = {}) {
  const Settings before = read_well(text, dialect);
  for (const Encryption encryption :
       {Encryption::starttls, Encryption::implicit, Encryption::none}) {
    if (encryption == Encryption::none && !writable.none) continue;
    for (const bool all : {false, true}) {
      Change change;
      change.encryption = encryption;
      if (all) {
        change.host = "other.example";
        change.port = 2525;
        if (writable.user) change.user = "other@example.com";
      }
      const std::string changed = applied(std::string(text), edits(before, change));
      SCOPED_TRACE(changed);
      const Settings after = read_well(changed, dialect);
      EXPECT_EQ(after.encryption.value, encryption);
      EXPECT_FALSE(after.other_encryption);
      EXPECT_EQ(after.host.value, all ? "other.example" : before.host.value);
      EXPECT_EQ(after.user.value, all && writable.user ? "other@example.com" : before.user.value);
      if (all || before.port.is_written()) {
        EXPECT_EQ(after.port.value, all ? 2525 : before.port.value);
      }
      EXPECT_EQ(after.password.value.reveal(), before.password.value.reveal());
      EXPECT_EQ(after.from.value, before.from.value);
      const std::string& password = before.password.value.reveal();
      if (!password.empty()) {
        EXPECT_EQ(with_change(before, change).find(password), std::string::npos);
      }
    }
  }
}

}  // namespace waypost::settings
