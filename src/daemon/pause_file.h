#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/disk.h"
#include "queue/pause.h"

namespace waypost::daemon {

// How pauses last over a restart: one small file, written as a whole (docs/format/control.md).
std::string encode_pauses(const std::vector<queue::Pause>& pauses);
// Total: takes any octets. Fails with corrupt, saying what is wrong.
Result<std::vector<queue::Pause>> decode_pauses(std::string_view octets);

Result<void> save_pauses(io::Disk& disk, const std::string& path, std::string_view octets);

struct KeptPauses {
  std::vector<queue::Pause> pauses;
  std::string trouble;  // one sentence; empty when all is well
};
// Those that still last. A file that cannot be read as one is set aside as `path`.damaged, since
// mail that goes out by mistake should not take the only note of the mistake with it.
KeptPauses load_pauses(io::Disk& disk, const std::string& path, WallTime now);

}  // namespace waypost::daemon
