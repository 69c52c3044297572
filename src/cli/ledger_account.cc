#include "cli/ledger_account.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace waypost::cli {
namespace {

using records::QueuedRecipient;
using Recipients = std::vector<QueuedRecipient>;

constexpr unsigned moments_max = 4;

Recipients in_queue(const QueueView& view) {
  Recipients all;
  all.reserve(view.standings.size());
  for (const queue::Standing& standing : view.standings)
    all.push_back({standing.id, standing.recipient});
  std::sort(all.begin(), all.end());
  return all;
}

Recipients only_in(const Recipients& a, const Recipients& b) {
  Recipients only;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
  return only;
}

Recipients in_both(const Recipients& a, const Recipients& b) {
  Recipients both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

// What stands behind the end of a list that was cut is not known.
void forget_behind(const Recipients& cut, Recipients& a, Recipients& b) {
  if (cut.empty()) return;
  const MessageId last = cut.back().message;
  auto is_behind = [&](const QueuedRecipient& one) { return !(one.message < last); };
  std::erase_if(a, is_behind);
  std::erase_if(b, is_behind);
}

}  // namespace

LedgerAccount account_of(LedgerLook look) {
  Recipients recorded = std::move(look.recorded);
  std::sort(recorded.begin(), recorded.end());
  Recipients queued = in_queue(look.queue);
  const bool records_cut = recorded.size() >= recipients_compared_max;
  if (!look.queue.complete) forget_behind(Recipients(queued), recorded, queued);
  if (records_cut) forget_behind(Recipients(recorded), recorded, queued);
  LedgerDifference difference{only_in(recorded, queued), only_in(queued, recorded)};
  auto is_unread = [&](const QueuedRecipient& one) { return !look.ledger.tells(one); };
  std::erase_if(difference.missing, is_unread);
  std::erase_if(difference.unknown, is_unread);
  const bool compared_all = look.queue.complete && !records_cut;
  return {std::move(look.ledger), std::move(look.queue), std::move(difference), compared_all};
}

LedgerVerdict verdict_of(const LedgerAccount& account) {
  const records::Ledger& ledger = account.ledger;
  if (ledger.unread_events > 0) return LedgerVerdict::unknown;
  if (!account.difference.empty()) return LedgerVerdict::wrong;
  if (ledger.lost_events > 0 || !ledger.problems.empty()) return LedgerVerdict::unknown;
  if (!account.compared_all && ledger.total().queued != account.queue.recipients)
    return LedgerVerdict::unknown;
  return LedgerVerdict::right;
}

Result<LedgerAccount> settle_account(const TakeLook& look, const std::function<void()>& wait) {
  TRY(LedgerLook first, look(std::nullopt));
  const records::LogPosition then = first.ledger.unread_end;
  LedgerAccount account = account_of(std::move(first));
  for (unsigned i = 0; i < moments_max; ++i) {
    if (account.ledger.unread_events == 0 && account.difference.empty()) break;
    wait();
    TRY(LedgerLook again, look(then));
    LedgerAccount next = account_of(std::move(again));
    // Only who was compared before can have stayed.
    if (account.ledger.unread_events == 0)
      next.difference = {in_both(account.difference.missing, next.difference.missing),
                         in_both(account.difference.unknown, next.difference.unknown)};
    account = std::move(next);
  }
  if (account.ledger.unread_events > 0) account.difference = {};
  return account;
}

}  // namespace waypost::cli
