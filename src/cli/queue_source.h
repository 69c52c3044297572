#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/data_paths.h"
#include "queue/selector.h"
#include "queue/standing.h"
#include "spool/envelope.h"

namespace waypost::cli {

// What waits, from the running relay or, when none runs, from its spool.
struct QueueView {
  bool relay_runs = false;
  bool complete = true;     // false when more waits than was asked for
  uint64_t messages = 0;    // that wait in all, selected or not
  uint64_t recipients = 0;  // likewise
  std::vector<queue::Standing> standings;
  std::optional<spool::Envelope> envelope;  // of the one message that was asked for
};

// What is selected, or all where nothing is; `limit` recipients at most.
Result<QueueView> read_queue(const config::DataPaths& paths, const queue::Selector& selector,
                             uint64_t limit);
// What waits of one message.
Result<QueueView> read_message(const config::DataPaths& paths, MessageId message);

}  // namespace waypost::cli
