#include "io/open_files.h"

#include <sys/resource.h>

namespace waypost::io {

uint64_t open_files_max() {
  static const uint64_t limit = [] {
    // What every process may have, should the system not say.
    constexpr uint64_t by_default = 1024;
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return by_default;
    rlimit raised{files.rlim_max, files.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
    return uint64_t{files.rlim_cur};
  }();
  return limit;
}

}  // namespace waypost::io
