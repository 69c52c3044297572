#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::cli {

namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int negative = 1;
inline constexpr int could_not_finish = 2;
inline constexpr int usage = 64;
inline constexpr int input = 66;
inline constexpr int temporary = 75;
inline constexpr int rights = 77;
inline constexpr int configuration = 78;
}  // namespace exit_code

enum class ColorChoice { automatic, always, never };

// What every command may be told.
struct Global {
  std::string config_file = "/etc/waypost/waypost.toml";
  std::string resolver;
  std::string ca_file;
  ColorChoice color = ColorChoice::automatic;
  bool json = false;
  bool verbose = false;
  bool quiet = false;
};

// Whether to colour what goes to standard output: the choice, else NO_COLOR, else a terminal.
bool colors_output(ColorChoice choice);
bool output_is_terminal();
// The same for standard error.
bool notes_have_color(ColorChoice choice);

// Data goes to standard output; a reader that went away ends the program quietly.
void print(std::string_view text);
// Everything else goes to standard error.
void note(std::string_view text);

enum class Style { plain, bold, dim, good, warning, bad };
// `text` safe for a terminal, in the style when `color`.
std::string styled(std::string_view text, Style style, bool color);

// "waypost: ..." on standard error; the exit code that fits the error.
int report(const Error& error);

}  // namespace waypost::cli
