#pragma once

#include <string>
#include <termios.h>
#include <vector>

namespace waypost::cli {

// The whole terminal for a picture that changes: another screen, no cursor, keys as they are
// pressed. Given back when this goes away.
class Screen {
 public:
  Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  // Of now: it may have been resized.
  static size_t columns();
  static size_t rows();

  // In the place of what was there.
  void show(const std::vector<std::string>& lines);
  // What was pressed since; never waits.
  std::string keys();

 private:
  bool keyboard_ = false;
  termios before_{};
};

}  // namespace waypost::cli
