#include "doctor/password_shape.h"

#include "base/ascii.h"

namespace waypost::doctor {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_line_end(char c) { return c == '\r' || c == '\n'; }

bool is_in_groups(std::string_view text) {
  constexpr size_t group = 4;
  constexpr size_t groups = 4;
  if (text.size() != groups * group + groups - 1) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool between = i % (group + 1) == group;
    if (between ? text[i] != ' ' : !base::is_alnum(text[i])) return false;
  }
  return true;
}

}  // namespace

std::string_view PasswordShape::at_its_ends() const {
  if (ends_with_line) return "a line end at its end";
  if (begins_with_space && ends_with_space) return "a space at its beginning and at its end";
  if (begins_with_space) return "a space at its beginning";
  if (ends_with_space) return "a space at its end";
  return {};
}

PasswordShape shape_of(std::string_view password) {
  PasswordShape shape;
  if (password.empty()) return shape;
  shape.begins_with_space = is_space(password.front());
  shape.ends_with_space = is_space(password.back());
  shape.ends_with_line = is_line_end(password.back());
  shape.in_groups = is_in_groups(password);
  return shape;
}

}  // namespace waypost::doctor
