#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/kept_list.h"
#include "queue/asked_limit.h"

namespace waypost::daemon {

// How the limits that people set last over a restart.
std::string encode_asked_limits(const std::map<std::string, queue::AskedLimit>& limits);
// Total: takes any octets. Fails with corrupt, saying what is wrong.
Result<std::vector<queue::AskedLimit>> decode_asked_limits(std::string_view octets);
// Those that still last; none for longer than one may, whatever became of the clock.
Kept<queue::AskedLimit> load_asked_limits(io::Disk& disk, const std::string& path, WallTime now);

}  // namespace waypost::daemon
