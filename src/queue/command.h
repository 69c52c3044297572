#pragma once

#include <cstdint>
#include <string>

#include "queue/selector.h"

namespace waypost::queue {

// What a person can do with recipients that wait.
enum class Act {
  hold,        // keep back until released
  release,     // no longer keep back
  retry,       // try now, whatever the schedule says; also opens a site that is shut
  cancel,      // never send; nobody is told
  reschedule,  // send at another time: Command::at
};

// How far ahead a message may be scheduled; and no clock makes one wait for longer.
inline constexpr Duration schedule_ahead_max = std::chrono::days(30);

struct Command {
  Act act = Act::hold;
  Selector selector;
  std::string reason;    // theirs, for the event
  WallTime at;           // of reschedule; one that is over means now
  bool dry_run = false;  // count only
};

// Whom a command changed, or would.
struct Tally {
  uint64_t recipients = 0;
  uint64_t messages = 0;
  uint64_t sending = 0;  // were selected, but an attempt runs: too late to cancel or to retry
  uint64_t paused = 0;   // of retry: were selected, but a pause keeps them; they keep their time
};

// What became of recipients since the start. A recipient that a crash brought back counts as
// restored in the next process.
struct Ledger {
  uint64_t accepted = 0;
  uint64_t restored = 0;
  uint64_t delivered = 0;
  uint64_t bounced = 0;
  uint64_t expired = 0;
  uint64_t suppressed = 0;
  uint64_t cancelled = 0;
  uint64_t queued = 0;  // now

  uint64_t settled() const { return delivered + bounced + expired + suppressed + cancelled; }
  bool balances() const { return accepted + restored == settled() + queued; }
};

}  // namespace waypost::queue
