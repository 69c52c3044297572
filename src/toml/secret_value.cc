#include "toml/secret_value.h"

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
  return key.find("_file") != key.npos && value.find_first_of("./") != value.npos;
}

}  // namespace

size_t secret_value(std::string_view line) {
  const std::string lower = base::to_lower(line);
  for (std::string_view word : secret_words) {
    const size_t at = lower.find(word);
    if (at == std::string::npos) continue;
    const size_t equals = line.find('=', at);
    const size_t value = line.find_first_not_of(" \t", equals == line.npos ? equals : equals + 1);
    if (value == line.npos || line.find('#') < at) continue;
    if (!is_file_name(line.substr(0, equals), line.substr(value))) return value;
  }
  return line.npos;
}

}  // namespace waypost::toml
