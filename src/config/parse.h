#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"

namespace waypost::config {

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

struct Parsed {
  std::optional<Config> config;         // present when there is no error
  std::vector<Diagnostic> diagnostics;  // by file, then by place
};

// Reads the main file and then each file of conf.d, in order: a later file overrides single values
// and plain lists, adds to tables, and appends to [[listener]] and [[site]]. Finds every problem it
// can in one go, at most 100 a call; never fails otherwise, whatever the text.
// Limits: 1 MiB and 16 levels of nesting a file; after a broken line that may have changed what
// follows it, the rest of that file is not judged.
Parsed parse(std::span<const Source> sources);

// The problem as a compiler shows it: headline, place, source line, caret, help; ends in a newline.
// Control characters of the source line are replaced, so that a file cannot write to the terminal.
std::string render(const Diagnostic& diagnostic, std::span<const Source> sources, bool color);

struct KnownKey {
  std::string section;  // "" for the top of the file
  std::string name;
  std::string meaning;  // one phrase
  std::string example;  // as TOML
};

// Every key that parse() understands, in the order of the documentation.
std::vector<KnownKey> known_keys();

}  // namespace waypost::config
