#pragma once

#include <cstdint>

namespace waypost::io {

// How many files and sockets this process may have open. The first call raises the limit as far as
// the system lets it (RLIMIT_NOFILE: the soft limit to the hard one). Any thread.
uint64_t open_files_max();

}  // namespace waypost::io
