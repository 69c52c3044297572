#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/kept_list.h"
#include "queue/pause.h"

namespace waypost::daemon {

// How pauses last over a restart.
std::string encode_pauses(const std::vector<queue::Pause>& pauses);
// Total: takes any octets. Fails with corrupt, saying what is wrong.
Result<std::vector<queue::Pause>> decode_pauses(std::string_view octets);
// Those that still last.
Kept<queue::Pause> load_pauses(io::Disk& disk, const std::string& path, WallTime now);

}  // namespace waypost::daemon
