#include "cli/person.h"

#include <cstdlib>

namespace waypost::cli {

std::string person() {
  for (const char* variable : {"SUDO_USER", "LOGNAME", "USER"})
    if (const char* value = std::getenv(variable); value && *value != '\0') return value;
  return "";
}

}  // namespace waypost::cli
