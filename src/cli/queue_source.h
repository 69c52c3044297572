#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/data_paths.h"
#include "queue/standing.h"

namespace waypost::cli {

// What waits, from the running relay or, when none runs, from its spool.
struct QueueView {
  bool relay_runs = false;
  bool complete = true;  // false when more waits than was asked for
  uint64_t messages = 0;
  uint64_t recipients = 0;
  std::vector<queue::Standing> standings;
};

// All that waits, `limit` recipients at most, or what waits of one message.
Result<QueueView> read_queue(const config::DataPaths& paths, std::optional<MessageId> message,
                             uint64_t limit);

}  // namespace waypost::cli
