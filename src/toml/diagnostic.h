#pragma once

#include <optional>
#include <span>
#include <string>

namespace waypost::toml {

// One file, already read. The name is only shown, never opened.
struct Source {
  std::string name;
  std::string text;
};

enum class Severity { error, warning };

// One problem, with its place. Lines and columns count from 1, columns in code points; line 0 means
// that something is missing and has no place.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  unsigned length = 0;   // code points under the caret, at least 1 when there is a line
  std::string message;   // what is wrong, one line
  std::string expected;  // what belongs here; stands beside the caret
  std::string help;      // what to write instead, or why; may have several lines
  std::optional<std::string> did_you_mean;  // the known name that was probably meant
};

// The problem as a compiler shows it: headline, place, source line, caret, help; ends in a newline.
// Control characters of the source line are replaced, so that a file cannot write to the terminal.
std::string render(const Diagnostic& diagnostic, std::span<const Source> sources, bool color);

}  // namespace waypost::toml
