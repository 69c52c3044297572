#include "cli/terminal.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "cli/output_end.h"
#include "cli/terminal_text.h"

namespace waypost::cli {

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool colors_output(ColorChoice choice) {
  if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
  const char* no_color = std::getenv("NO_COLOR");
  return output_is_terminal() && (no_color == nullptr || *no_color == '\0');
}

bool notes_have_color(ColorChoice choice) {
  return choice == ColorChoice::always || (colors_output(choice) && ::isatty(STDERR_FILENO) == 1);
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    std::exit(with_output_written(exit_code::ok));
}

int with_output_written(int code) {
  // Who reads no further, as head does, has what he wanted.
  if ((std::fflush(stdout) == 0 && std::ferror(stdout) == 0) || errno == EPIPE) return code;
  note(fmt::format("waypost: the output could not be written, part of it is lost: {}\n",
                   std::strerror(errno)));
  return code == exit_code::ok ? exit_code::could_not_finish : code;
}

void note(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string terminal_text(std::string_view text) {
  const std::string safe = base::escape_control(base::to_valid_utf8(text));
  std::string result;
  result.reserve(safe.size());
  for (size_t i = 0; i < safe.size(); ++i) {
    // U+0080 to U+009F: terminals take U+009B for ESC [.
    const bool c1 = safe[i] == '\xc2' && i + 1 < safe.size() && uint8_t(safe[i + 1]) < 0xa0;
    if (!c1)
      result += safe[i];
    else
      result += fmt::format("\\x{:02x}", uint8_t(safe[++i]));
  }
  return result;
}

std::string styled(std::string_view text, Style style, bool color) {
  std::string safe = terminal_text(text);
  if (!color || style == Style::plain) return safe;
  switch (style) {
    case Style::bold:
      return "\x1b[1m" + safe + "\x1b[0m";
    case Style::dim:
      return "\x1b[2m" + safe + "\x1b[0m";
    case Style::good:
      return "\x1b[32m" + safe + "\x1b[0m";
    case Style::warning:
      return "\x1b[33m" + safe + "\x1b[0m";
    case Style::bad:
      return "\x1b[31m" + safe + "\x1b[0m";
    case Style::plain:
      break;
  }
  return safe;
}

int report(const Error& error) {
  note("waypost: " + base::escape_control(error.describe()) + "\n");
  switch (error.code()) {
    case ErrorCode::invalid_input:
      return exit_code::usage;
    case ErrorCode::permission_denied:
      return exit_code::rights;
    case ErrorCode::not_found:
    case ErrorCode::already_exists:
      return exit_code::negative;
    default:
      return exit_code::could_not_finish;
  }
}

}  // namespace waypost::cli
