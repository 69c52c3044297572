#include "cli/doctor_password.h"

#include <cstdlib>
#include <iostream>
#include <termios.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "io/disk.h"

namespace waypost::cli {
namespace {

constexpr uint64_t password_octets_max = 64 * 1024;

// What is typed is not shown until this goes away.
class Hidden {
 public:
  Hidden() {
    hidden_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!hidden_) return;
    termios silent = before_;
    silent.c_lflag &= ~tcflag_t(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() {
    if (hidden_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }

 private:
  termios before_{};
  bool hidden_ = false;
};

void take_off_line_end(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

}  // namespace

Result<std::string> ask_on_terminal(const std::string& question) {
  note(question);
  std::string answer;
  if (!std::getline(std::cin, answer)) return failure(ErrorCode::cancelled, "no answer was given");
  return answer;
}

Result<Secret> doctor_password(const std::string& file) {
  if (!file.empty()) {
    auto disk = io::make_system_disk();
    TRY(std::string text, disk->read_file(file, password_octets_max));
    take_off_line_end(text);
    return Secret::take(text);
  }
  if (const char* variable = std::getenv("WAYPOST_PASSWORD")) return Secret(variable);
  if (::isatty(STDIN_FILENO) == 0)
    return failure(ErrorCode::invalid_input,
                   "a login needs a password: name its file with --password-file, or set "
                   "WAYPOST_PASSWORD");
  Hidden hidden;
  TRY(std::string answer, ask_on_terminal("Password: "));
  note("\n");
  return Secret::take(answer);
}

}  // namespace waypost::cli
