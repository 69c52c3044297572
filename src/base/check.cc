#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace waypost::base {

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "waypost: bug: %s does not hold (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace waypost::base
