#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "toml/diagnostic.h"

namespace waypost::config {

using toml::Diagnostic;
using toml::Severity;
using toml::Source;

struct Parsed {
  std::optional<Config> config;         // present when there is no error
  std::vector<Diagnostic> diagnostics;  // by file, then by place
};

// Reads the main file and then each file of conf.d, in order: a later file overrides single values
// and plain lists, adds to tables, and appends to [[listener]] and [[site]]. Finds every problem it
// can in one go, at most 100 a call; never fails otherwise, whatever the text.
// Limits: 1 MiB and 16 levels of nesting a file; after a broken line that may have changed what
// follows it, the rest of that file is not judged.
// `known_sites` are the ids that a [[site]] may have without a `match` of its own.
Parsed parse(std::span<const Source> sources, std::span<const std::string> known_sites = {});

struct KnownKey {
  std::string section;  // "" for the top of the file
  std::string name;
  std::string meaning;  // one phrase
  std::string example;  // as TOML
};

// Every key that parse() understands, in the order of the documentation.
std::vector<KnownKey> known_keys();

}  // namespace waypost::config
