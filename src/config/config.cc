#include "config/config.h"

#include <fmt/format.h>

namespace waypost::config {

std::string Origin::text() const {
  return is_built_in() ? "built-in default" : fmt::format("{}:{}", file, line);
}

}  // namespace waypost::config
