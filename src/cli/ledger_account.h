#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "cli/queue_source.h"
#include "records/ledger.h"

// Whether the records and the queue tell the same: what `waypost ledger` judges by.
namespace waypost::cli {

// Each side in full as far as `recipients_compared_max` reaches.
inline constexpr size_t recipients_compared_max = 1'000'000;

// One look at both sides: the records first, then the queue, then what the log holds beyond them.
struct LedgerLook {
  std::vector<records::QueuedRecipient> recorded;  // without a final outcome
  QueueView queue;
  records::Ledger ledger;
};

// Recipients that one side knows as waiting and the other does not, each in order.
struct LedgerDifference {
  std::vector<records::QueuedRecipient> missing;  // no final outcome, and not in the queue
  std::vector<records::QueuedRecipient> unknown;  // in the queue, and not open in the records

  bool empty() const { return missing.empty() && unknown.empty(); }
};

struct LedgerAccount {
  records::Ledger ledger;
  QueueView queue;
  LedgerDifference difference;
  bool compared_all = true;  // false when more waits than is compared
};

enum class LedgerVerdict {
  right,
  wrong,    // `difference` names who is lost
  unknown,  // something that might tell of another difference was not read, or never written
};

LedgerAccount account_of(LedgerLook look);
LedgerVerdict verdict_of(const LedgerAccount& account);

// Looks, and while the sides differ or the records do not yet hold what had happened at the first
// look, waits and looks again. Mail moves while it is counted: a difference is one that stays.
// `look` counts the unread events up to the position, where one is given.
using TakeLook = std::function<Result<LedgerLook>(const std::optional<records::LogPosition>&)>;
Result<LedgerAccount> settle_account(const TakeLook& look, const std::function<void()>& wait);

}  // namespace waypost::cli
