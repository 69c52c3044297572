#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/disk.h"

namespace waypost::records {

// What became of recipients at one site of late.
struct SiteTally {
  uint64_t delivered = 0;
  uint64_t deferred = 0;
  uint64_t bounced = 0;  // and expired
  uint64_t delivered_last_minute = 0;
  std::map<std::string, uint64_t> classes;  // of the replies that were not "delivered"
  std::string last_reply;                   // the newest of those
};

struct Recent {
  std::map<std::string, SiteTally> sites;  // by name; "" is where no site was known
  bool complete = true;                    // false when there was more than is counted
  std::vector<std::string> problems;       // files that could not be read, one line each
};

inline constexpr uint64_t recent_events_max = 500'000;

// What happened from `since` to `now`, from the days' files, newest first. Blocks.
Result<Recent> read_recent(io::Disk& disk, const std::string& folder, WallTime since, WallTime now);

}  // namespace waypost::records
