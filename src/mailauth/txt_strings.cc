#include "mailauth/txt_strings.h"

namespace waypost::mailauth {

std::vector<std::string> txt_strings(std::string_view text) {
  std::vector<std::string> strings;
  while (text.size() > txt_string_octets_max) {
    const size_t space = text.rfind(' ', txt_string_octets_max - 1);
    // A key is one long word: what little stands in front of it is no string of its own.
    const bool is_late = space != std::string_view::npos && space >= txt_string_octets_max / 2;
    const size_t octets = is_late ? space + 1 : txt_string_octets_max;
    strings.emplace_back(text.substr(0, octets));
    text.remove_prefix(octets);
  }
  strings.emplace_back(text);
  return strings;
}

}  // namespace waypost::mailauth
