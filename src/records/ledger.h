#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "io/disk.h"
#include "records/days.h"
#include "records/event_files.h"
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

struct QueuedRecipient {
  MessageId message;
  std::string address;

  auto operator<=>(const QueuedRecipient&) const = default;
};

struct Ledger {
  std::vector<LedgerDay> days;  // oldest first
  uint64_t lost_events = 0;     // that the log had to leave out
  // In the log that the files do not hold yet: how many that count, where the last of all stands,
  // and whom they are about, in order.
  uint64_t unread_events = 0;
  LogPosition unread_end;
  std::vector<QueuedRecipient> unread;
  std::vector<std::string> problems;  // files that could not be read, one line each
  std::vector<Day> incomplete;        // their days

  LedgerDay total() const;
  // Whether the files hold all that the log tells of this recipient.
  bool tells(const QueuedRecipient& recipient) const;
};

// From the totals that the files keep. Of the events that are not in the files those count that
// stand no later than `until`; those of a million recipients are looked at, and when there are more
// all of them count. Blocks.
Result<Ledger> read_ledger(io::Disk& disk, const RecordPlaces& places,
                           const std::optional<LogPosition>& until = std::nullopt);

// The recipients that have no final outcome, in the order of their messages' days and ids, `most`
// at most. Blocks.
Result<std::vector<QueuedRecipient>> read_queued(io::Disk& disk, const std::string& folder,
                                                 size_t most);

}  // namespace waypost::records
