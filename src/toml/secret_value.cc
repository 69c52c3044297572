#include "toml/secret_value.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"

namespace waypost::toml {
namespace {

// A key with such a word in it has a secret for its value, or was meant to have one.
constexpr std::array<std::string_view, 7> secret_words{"passw",  "secret",  "token",      "api_key",
                                                       "apikey", "credent", "private_key"};

// A name of a file, behind a key that wants one.
bool is_file_name(std::string_view key, std::string_view value) {
  if (value.starts_with('"') || value.starts_with('\''))
    value = value.substr(0, value.find(value.front(), 1));
  return key.find("_file") != key.npos && value.find_first_of("./") != value.npos;
}

// Without the comment; a "#" in a string begins none, also where the string has no end.
std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '"' && c == '\\') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      return line.substr(0, i);
    }
  }
  return line;
}

}  // namespace

size_t secret_value(std::string_view line) {
  line = without_comment(line);
  const std::string lower = base::to_lower(line);
  size_t first = line.npos;
  for (std::string_view word : secret_words) {
    for (size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
      const size_t equals = line.find('=', at);
      const size_t value = line.find_first_not_of(" \t", equals == line.npos ? equals : equals + 1);
      if (value == line.npos) break;
      if (!is_file_name(line.substr(at, equals - at), line.substr(value)))
        first = std::min(first, value);
    }
  }
  return first;
}

}  // namespace waypost::toml
