#include "cli/screen.h"

#include <array>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/terminal.h"

namespace waypost::cli {
namespace {

constexpr size_t usual_columns = 80;
constexpr size_t usual_rows = 24;

winsize size_now() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

}  // namespace

Screen::Screen() {
  keyboard_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0;
  if (keyboard_) {
    termios raw = before_;
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  print("\x1b[?1049h\x1b[?25l");
  std::fflush(stdout);
}

Screen::~Screen() {
  print("\x1b[?25h\x1b[?1049l");
  std::fflush(stdout);
  if (keyboard_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

size_t Screen::columns() {
  const winsize size = size_now();
  return size.ws_col > 0 ? size.ws_col : usual_columns;
}

size_t Screen::rows() {
  const winsize size = size_now();
  return size.ws_row > 0 ? size.ws_row : usual_rows;
}

void Screen::show(const std::vector<std::string>& lines) {
  std::string picture = "\x1b[H";
  for (size_t i = 0; i < lines.size(); ++i) picture += (i > 0 ? "\r\n" : "") + lines[i] + "\x1b[K";
  print(picture + "\x1b[J");
  std::fflush(stdout);
}

std::string Screen::keys() {
  if (!keyboard_) return "";
  std::array<char, 64> buffer;
  ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  return count > 0 ? std::string(buffer.data(), size_t(count)) : "";
}

}  // namespace waypost::cli
