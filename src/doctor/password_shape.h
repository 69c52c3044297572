#pragma once

#include <string_view>

namespace waypost::doctor {

// What may be wrong with a password as it is written, so that it can be said without showing it.
// Nothing is ever trimmed: a password may really end in a space.
struct PasswordShape {
  bool begins_with_space = false;
  bool ends_with_space = false;
  bool ends_with_line = false;  // CR or LF, as `echo` writes
  // Four groups of four letters or digits with a space between them, as Google and others display
  // app passwords.
  bool in_groups = false;

  bool has_space_at_an_end() const {
    return begins_with_space || ends_with_space || ends_with_line;
  }
  // "a space at its end", for people; empty when nothing stands at an end.
  std::string_view at_its_ends() const;
};

PasswordShape shape_of(std::string_view password);

}  // namespace waypost::doctor
