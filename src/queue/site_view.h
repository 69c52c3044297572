#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "queue/retry_policy.h"
#include "queue/standing.h"
#include "shaping/limits.h"

namespace waypost::queue {

// How many recipients wait in which way; all of them together are those that are queued.
struct PlaceCounts {
  uint64_t resolving = 0;
  uint64_t ready = 0;     // at their sites, for a slot, the pace or a site that is shut
  uint64_t deferred = 0;  // until a time
  uint64_t paused = 0;
  uint64_t other = 0;  // being sent, or held by a person
};

// How one site stands.
struct SiteView {
  std::string name;
  uint64_t recipients = 0;  // that wait for it, in any way
  uint64_t ready = 0;
  unsigned attempts = 0;         // that run, each over a connection of its own
  unsigned connections_max = 0;  // that it may have now
  shaping::SiteLimits limits;
  // Of those that its limits count.
  uint64_t connections_last_minute = 0;
  uint64_t messages_last_hour = 0;
  uint64_t messages_last_day = 0;
  SiteMeasure measure = SiteMeasure::none;
  unsigned troubles = 0;  // in a row
  std::string last_trouble;
  WallTime shut_until;           // the epoch when it is open
  std::optional<Standing> next;  // the first that stands ready, with what holds it
};

// "open", "probe", "slow" or "stop".
std::string_view name(SiteMeasure measure);

}  // namespace waypost::queue
