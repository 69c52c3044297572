#include "cli/doctor_password.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <system_error>
#include <termios.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/terminal.h"
#include "io/disk.h"

namespace waypost::cli {
namespace {

constexpr uint64_t password_octets_max = 64 * 1024;

// What to put the terminal back to; for the signal handler, which nothing else reaches.
termios terminal_before;

// Leaves the terminal as it was, then ends the program as the signal would have.
void show_again_and_die(int signal) {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

// What is typed is not shown until this goes away, or a signal ends the program. At most one at a
// time.
class Hidden {
 public:
  Hidden() {
    hidden_ = ::tcgetattr(STDIN_FILENO, &terminal_before) == 0;
    if (!hidden_) return;
    struct sigaction leave = {};
    leave.sa_handler = show_again_and_die;
    for (size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &leave, &before_[i]);
    termios silent = terminal_before;
    silent.c_lflag &= ~tcflag_t(ECHO);
    // Who suspends the program would find a shell that shows nothing.
    silent.c_cc[VSUSP] = _POSIX_VDISABLE;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() {
    if (!hidden_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
    for (size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
  }

 private:
  static constexpr std::array<int, 4> signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

  std::array<struct sigaction, signals.size()> before_{};
  bool hidden_ = false;
};

void take_off_line_end(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

// A pipe as well as a file, to its end.
Result<Secret> read_descriptor(int descriptor) {
  std::string text;
  // Never grown, so that no copy of the secret is left behind.
  text.resize(password_octets_max + 1);
  size_t length = 0;
  while (length < text.size()) {
    const ssize_t count = ::read(descriptor, text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return failure(ErrorCode::io_failure, fmt::format("--password-fd {}: {}", descriptor,
                                                        std::generic_category().message(errno)));
    if (count == 0) break;
    length += static_cast<size_t>(count);
  }
  text.resize(length);
  if (length > password_octets_max) {
    Secret::wipe(text);
    return failure(ErrorCode::invalid_input, "the password is longer than 64 KiB");
  }
  take_off_line_end(text);
  return Secret::take(text);
}

}  // namespace

Result<std::string> ask_on_terminal(const std::string& question) {
  note(question);
  std::string answer;
  if (!std::getline(std::cin, answer)) return failure(ErrorCode::cancelled, "no answer was given");
  return answer;
}

Result<Secret> doctor_password(const PasswordPlace& place) {
  if (!place.file.empty()) {
    auto disk = io::make_system_disk();
    TRY(std::string text, disk->read_file(place.file, password_octets_max));
    take_off_line_end(text);
    return Secret::take(text);
  }
  if (place.descriptor) return read_descriptor(*place.descriptor);
  if (const char* variable = std::getenv("WAYPOST_PASSWORD")) return Secret(variable);
  if (::isatty(STDIN_FILENO) == 0)
    return failure(ErrorCode::invalid_input,
                   "a login needs a password: name its file with --password-file, hand it over "
                   "with --password-fd, or set WAYPOST_PASSWORD");
  Hidden hidden;
  TRY(std::string answer, ask_on_terminal(place.is_token ? "Access token: " : "Password: "));
  note("\n");
  return Secret::take(answer);
}

}  // namespace waypost::cli
