#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "io/disk.h"
#include "records/days.h"
#include "records/search.h"

namespace waypost::records {

// What became of the recipients that were accepted on one day.
struct LedgerDay {
  Day day;
  uint64_t delivered = 0;
  uint64_t bounced = 0;
  uint64_t expired = 0;
  uint64_t suppressed = 0;
  uint64_t cancelled = 0;
  uint64_t queued = 0;    // without a final outcome
  uint64_t refusals = 0;  // transactions that were never ours

  uint64_t settled() const { return delivered + bounced + expired + suppressed + cancelled; }
  uint64_t accepted() const { return settled() + queued; }
};

struct Ledger {
  std::vector<LedgerDay> days;        // oldest first
  uint64_t lost_events = 0;           // that the log had to leave out
  uint64_t unread_events = 0;         // in the log that the files do not hold yet
  std::vector<std::string> problems;  // files that could not be read, one line each

  LedgerDay total() const;
};

// From the totals that the files keep. Blocks.
Result<Ledger> read_ledger(io::Disk& disk, const RecordPlaces& places);

struct QueuedRecipient {
  MessageId message;
  std::string address;

  auto operator<=>(const QueuedRecipient&) const = default;
};

// The recipients that have no final outcome, oldest day first, `most` at most. Blocks.
Result<std::vector<QueuedRecipient>> read_queued(io::Disk& disk, const std::string& folder,
                                                 size_t most);

}  // namespace waypost::records
