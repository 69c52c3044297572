#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "queue/asked_limit.h"
#include "queue/item.h"
#include "queue/retry_policy.h"
#include "queue/standing.h"
#include "shaping/limits.h"

namespace waypost::queue {

// How many recipients wait in which way; all of them together are those that are queued.
struct PlaceCounts {
  uint64_t resolving = 0;
  uint64_t ready = 0;      // at their sites, for a slot, the pace or a site that is shut
  uint64_t deferred = 0;   // until a time
  uint64_t scheduled = 0;  // until the time that somebody asked for
  uint64_t paused = 0;
  uint64_t other = 0;  // being sent, or held by a person
  uint64_t held = 0;   // of these, held by a person
};

// The numbers of one site. What it refers to is the queue's.
struct SiteCounts {
  std::string_view name;
  std::string_view rule;                            // that names it: "google"; empty for none
  uint64_t recipients = 0;                          // that wait for it, in any way
  const std::array<uint64_t, place_count>& places;  // how many of them are where
  unsigned attempts = 0;
  SiteMeasure measure = SiteMeasure::none;
  const shaping::SiteLimits& limits;
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
  WallTime shut_until;  // the epoch when it is open
  // While it gets fewer connections than its limits allow: from when on, and because of which
  // words.
  WallTime slowed_since;  // else the epoch
  std::string slowed_by;
  std::optional<AskedLimit> asked_limit;  // that a person set; `limits` has it in
  std::string last_host;                  // that mail was tried at; empty before the first
  std::string doctor_target;              // Site::doctor_target()
  // What holds the first that stands ready; else what keeps the site shut, without a message; else
  // the first that is deferred.
  std::optional<Standing> next;
};

// "open", "probe", "slow" or "stop".
std::string_view name(SiteMeasure measure);

}  // namespace waypost::queue
