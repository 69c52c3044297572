#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// How sites stand, as the running relay tells it (docs/format/control.md, "sites").
namespace waypost::cli {

struct SiteLimit {
  std::string key;  // "messages_per_hour"
  double most = 0;
  std::string origin;
  std::optional<uint64_t> used;  // of those over time
};

struct SiteState {
  std::string name;  // empty: not known yet
  uint64_t queued = 0;
  uint64_t attempts = 0;
  uint64_t connections_max = 0;
  uint64_t connections_limit = 0;
  double per_second = 0;  // 0 is no limit
  std::string measure;    // "open", "probe", "slow", "stop"
  uint64_t troubles = 0;
  std::string last_trouble;
  std::string slowed_by;  // while it gets fewer connections than it is allowed: their words
  WallTime slowed_since;  // then, from when on
  std::string hold;       // of the next that waits; empty when nothing does
  std::string reason;
  std::string limit_origin;
  WallTime next_attempt_at;                             // the epoch when it depends on no time
  WallTime oldest_at;                                   // likewise when it was not asked for
  std::vector<std::pair<std::string, uint64_t>> holds;  // likewise empty
  std::vector<SiteLimit> limits;
  std::string limit_reason;  // why a person set some of them; often empty

  uint64_t count_of(std::string_view hold) const;
};

struct RelayState {
  std::vector<SiteState> sites;
  uint64_t messages = 0;
  uint64_t queued = 0;
  uint64_t resolving = 0;
  uint64_t ready = 0;
  uint64_t deferred = 0;
  uint64_t paused = 0;
  uint64_t other = 0;
  uint64_t accepted = 0;  // recipients since the start, as the others
  uint64_t delivered = 0;
  uint64_t bounced = 0;
  uint64_t expired = 0;
  uint64_t memory = 0;
  uint64_t disk_free = 0;
};

// `counts` asks for what takes a walk through the whole queue: the oldest and each hold. Fails as
// ask_relay() does, or with protocol when the answer makes no sense.
Result<RelayState> ask_for_sites(const std::string& socket, bool counts, Duration patience);

// One line of the answer; whether it was the last.
Result<bool> take_site_line(std::string_view line, RelayState& state);

// Those in trouble first, then the longest queues.
void sort_by_trouble(std::vector<SiteState>& sites);

}  // namespace waypost::cli
