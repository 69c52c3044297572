#include "cli/ledger_account.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::cli {
namespace {

using records::QueuedRecipient;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr WallTime noon{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

QueuedRecipient recipient(int number) {
  std::array<uint8_t, 10> random{};
  random[9] = static_cast<uint8_t>(number);
  return {MessageId::make(noon, random), "u" + std::to_string(number) + "@mail.example"};
}

const QueuedRecipient ann = recipient(1);
const QueuedRecipient bob = recipient(2);
const records::LogPosition end_of_log{{noon, 1}, 5000};

LedgerLook look(const std::vector<QueuedRecipient>& recorded,
                const std::vector<QueuedRecipient>& queued) {
  LedgerLook made;
  made.recorded = recorded;
  made.ledger.days.push_back({.day = records::day_of(noon), .queued = recorded.size()});
  for (const QueuedRecipient& one : queued) {
    queue::Standing standing;
    standing.id = one.message;
    standing.recipient = one.address;
    made.queue.standings.push_back(standing);
  }
  made.queue.recipients = queued.size();
  return made;
}

LedgerLook with_unread(LedgerLook made, std::vector<QueuedRecipient> unread) {
  made.ledger.unread_events = unread.size();
  made.ledger.unread_end = end_of_log;
  made.ledger.unread = std::move(unread);
  return made;
}

// The account that these looks come to; the last one repeats.
class LedgerAccountTest : public testing::Test {
 protected:
  LedgerAccount settle(const std::vector<LedgerLook>& looks) {
    size_t next = 0;
    auto take = [&](const std::optional<records::LogPosition>& until) -> Result<LedgerLook> {
      until_ = until;
      return looks[std::min(next++, looks.size() - 1)];
    };
    Result<LedgerAccount> account = settle_account(take, [this] { ++waits_; });
    EXPECT_TRUE(account);
    return *std::move(account);
  }

  int waits_ = 0;
  std::optional<records::LogPosition> until_;
};

TEST_F(LedgerAccountTest, is_right_at_once_where_both_sides_name_the_same) {
  LedgerAccount account = settle({look({ann, bob}, {bob, ann})});
  EXPECT_EQ(verdict_of(account), LedgerVerdict::right);
  EXPECT_EQ(waits_, 0);
}

TEST_F(LedgerAccountTest, is_wrong_where_one_is_lost_and_another_unknown_though_the_counts_agree) {
  LedgerAccount account = settle({look({ann}, {bob})});
  EXPECT_EQ(verdict_of(account), LedgerVerdict::wrong);
  EXPECT_THAT(account.difference.missing, ElementsAre(ann));
  EXPECT_THAT(account.difference.unknown, ElementsAre(bob));
}

TEST_F(LedgerAccountTest, takes_no_difference_for_one_that_does_not_stay) {
  LedgerAccount account = settle({look({ann}, {}), look({}, {bob}), look({ann}, {ann})});
  EXPECT_EQ(verdict_of(account), LedgerVerdict::right);
  EXPECT_EQ(waits_, 1);  // what the second look showed was not there at the first
}

TEST_F(LedgerAccountTest, does_not_know_while_events_stay_unread) {
  LedgerAccount account =
      settle({with_unread(look({ann}, {}), {ann}), with_unread(look({}, {}), {bob})});
  EXPECT_EQ(verdict_of(account), LedgerVerdict::unknown);
  EXPECT_TRUE(account.difference.empty());
  EXPECT_GT(waits_, 1);
}

TEST_F(LedgerAccountTest, waits_for_what_had_happened_at_the_first_look_and_no_longer) {
  // A busy relay: there is always something that the records do not hold yet.
  LedgerLook busy = with_unread(look({ann}, {ann}), {bob});
  busy.ledger.unread_events = 0;
  LedgerAccount account = settle({with_unread(look({}, {}), {ann}), busy});
  EXPECT_EQ(verdict_of(account), LedgerVerdict::right);
  EXPECT_EQ(until_, end_of_log);
  EXPECT_EQ(waits_, 1);
}

TEST_F(LedgerAccountTest, calls_nobody_lost_of_whom_the_log_tells_more) {
  LedgerLook busy = with_unread(look({ann}, {bob}), {ann, bob});
  busy.ledger.unread_events = 0;
  EXPECT_EQ(verdict_of(settle({busy})), LedgerVerdict::right);
}

TEST_F(LedgerAccountTest, names_who_was_lost_before_the_records_caught_up) {
  LedgerAccount account = settle({with_unread(look({}, {}), {ann}), look({ann}, {})});
  EXPECT_EQ(verdict_of(account), LedgerVerdict::wrong);
  EXPECT_THAT(account.difference.missing, ElementsAre(ann));
}

TEST_F(LedgerAccountTest, does_not_know_where_events_were_lost_or_a_day_cannot_be_read) {
  LedgerLook lost = look({ann}, {ann});
  lost.ledger.lost_events = 1;
  EXPECT_EQ(verdict_of(settle({lost})), LedgerVerdict::unknown);
  LedgerLook unreadable = look({}, {ann});
  unreadable.ledger.problems = {"the records of 2026-11-21 cannot be read"};
  unreadable.ledger.incomplete = {records::day_of(noon)};
  LedgerAccount account = settle({unreadable});
  EXPECT_EQ(verdict_of(account), LedgerVerdict::unknown);
  EXPECT_THAT(account.difference.unknown, IsEmpty());
}

TEST_F(LedgerAccountTest, does_not_know_where_more_waits_than_is_compared_and_the_counts_differ) {
  LedgerLook cut = look({ann, bob}, {ann});
  cut.queue.complete = false;
  cut.queue.recipients = 7;
  EXPECT_EQ(verdict_of(settle({cut})), LedgerVerdict::unknown);
  cut.queue.recipients = 2;
  EXPECT_EQ(verdict_of(settle({cut})), LedgerVerdict::right);
}

}  // namespace
}  // namespace waypost::cli
