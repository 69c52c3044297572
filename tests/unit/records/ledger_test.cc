#include "records/ledger.h"

#include "tests/unit/records/records_fixture.h"

namespace waypost::records {
namespace {

using events::EventKind;
using testing::ElementsAre;
using testing::IsEmpty;

class LedgerTest : public RecordsTest {
 protected:
  std::vector<QueuedRecipient> queued() { return *read_queued(disk_, places_.folder, 1000); }
};

TEST_F(LedgerTest, counts_each_recipient_by_its_last_outcome) {
  events::Event accepted = accepted_of(
      1, day_one,
      {"a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example", "f@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  log(outcome_of(accepted, EventKind::bounced, "b@x.example"));
  log(outcome_of(accepted, EventKind::expired, "c@x.example"));
  log(outcome_of(accepted, EventKind::suppressed, "d@x.example"));
  log(outcome_of(accepted, EventKind::held, "e@x.example"));
  log(outcome_of(accepted, EventKind::cancelled, "e@x.example"));
  log(outcome_of(accepted, EventKind::deferred, "f@x.example"));
  feed_all();
  LedgerDay day = total();
  EXPECT_EQ(day.accepted(), 6u);
  EXPECT_EQ(day.delivered, 1u);
  EXPECT_EQ(day.bounced, 1u);
  EXPECT_EQ(day.expired, 1u);
  EXPECT_EQ(day.suppressed, 1u);
  EXPECT_EQ(day.cancelled, 1u);
  EXPECT_EQ(day.queued, 1u);
  EXPECT_THAT(queued(), ElementsAre(QueuedRecipient{*accepted.message, "f@x.example"}));
}

TEST_F(LedgerTest, counts_an_outcome_once_that_a_crash_repeated) {
  events::Event accepted = accepted_of(1, day_one, {"a@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  feed_all();
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  log(outcome_of(accepted, EventKind::deferred, "a@x.example"));
  feed_all();
  EXPECT_EQ(total().queued, 1u);
  log(outcome_of(accepted, EventKind::bounced, "a@x.example"));
  feed_all();
  EXPECT_EQ(total().accepted(), 1u);
  EXPECT_EQ(total().bounced, 1u);
}

TEST_F(LedgerTest, counts_an_address_twice_that_the_envelope_names_twice) {
  events::Event accepted = accepted_of(1, day_one, {"a@x.example", "a@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  feed_all();
  EXPECT_EQ(total().delivered, 1u);
  EXPECT_EQ(total().queued, 1u);
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  feed_all();
  EXPECT_EQ(total().delivered, 2u);
}

TEST_F(LedgerTest, keeps_recipients_apart_that_differ_only_in_case) {
  events::Event accepted = accepted_of(1, day_one, {"later@x.example", "Later@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::deferred, "later@x.example"));
  log(outcome_of(accepted, EventKind::delivered, "Later@x.example"));
  feed_all();
  EXPECT_EQ(total().delivered, 1u);
  EXPECT_THAT(queued(), ElementsAre(QueuedRecipient{*accepted.message, "later@x.example"}));
  EXPECT_EQ(find({.address = "LATER@x.example"}).messages.size(), 1u);
}

TEST_F(LedgerTest, counts_a_second_message_that_took_the_id_of_one_that_is_gone) {
  events::Event accepted = accepted_of(1, day_one, {"a@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  events::Event again = accepted;
  again.at += 1h;
  again.recipients = {"a@x.example", "b@x.example"};
  log(again);
  feed_all();
  EXPECT_EQ(total().delivered, 1u);
  EXPECT_EQ(total().queued, 2u);
}

TEST_F(LedgerTest, knows_a_message_whose_acceptance_was_lost_by_its_outcomes) {
  events::Event accepted = accepted_of(1, day_one, {"a@x.example", "b@x.example"});
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  feed_all();
  EXPECT_EQ(total().accepted(), 1u);
  log(accepted);
  feed_all();
  EXPECT_EQ(total().accepted(), 2u);
  EXPECT_EQ(total().queued, 1u);
  EXPECT_EQ(find({.message_id = accepted.message_id}).messages.size(), 1u);
}

TEST_F(LedgerTest, keeps_days_of_acceptance_apart) {
  events::Event first = accepted_of(1, day_one, {"a@x.example"});
  events::Event second = accepted_of(2, day_one + 24h, {"b@x.example"});
  log(first);
  log(second);
  events::Event late = outcome_of(first, EventKind::delivered, "a@x.example");
  late.at = day_one + 25h;
  log(late);
  feed_all();
  Ledger ledger = *read_ledger(disk_, places_);
  ASSERT_EQ(ledger.days.size(), 2u);
  EXPECT_EQ(ledger.days[0].delivered, 1u);
  EXPECT_EQ(ledger.days[1].queued, 1u);
}

TEST_F(LedgerTest, says_how_much_of_the_log_is_not_counted_yet) {
  log(accepted_of(1, day_one, {"a@x.example"}));
  feed_all();
  EXPECT_EQ(read_ledger(disk_, places_)->unread_events, 0u);
  log(accepted_of(2, day_one, {"b@x.example"}));
  EXPECT_EQ(read_ledger(disk_, places_)->unread_events, 1u);
}

TEST_F(LedgerTest, knows_of_whom_the_log_tells_more_and_until_when_that_counts) {
  events::Event first = accepted_of(1, day_one, {"a@x.example"});
  log(first);
  feed_all();
  log(outcome_of(first, EventKind::delivered, "a@x.example"));
  LogPosition then = read_ledger(disk_, places_)->unread_end;
  events::Event second = accepted_of(2, day_one, {"b@x.example"});
  log(second);
  Ledger ledger = *read_ledger(disk_, places_, then);
  EXPECT_EQ(ledger.unread_events, 1u);
  EXPECT_FALSE(ledger.tells({*first.message, "a@x.example"}));
  EXPECT_FALSE(ledger.tells({*second.message, "b@x.example"}));
  EXPECT_TRUE(ledger.tells({*first.message, "b@x.example"}));
  feed_all();
  EXPECT_TRUE(read_ledger(disk_, places_)->tells({*first.message, "a@x.example"}));
}

TEST_F(LedgerTest, says_of_which_day_it_does_not_know_all) {
  events::Event accepted = accepted_of(1, day_one, {"a@x.example"});
  log(accepted);
  feed_all();
  std::string path = day_path(places_.folder, day_of(day_one), day_file_suffix);
  ASSERT_TRUE(disk_.remove(path));
  ASSERT_TRUE(disk_.write_file(path, "no database at all", 0640));
  Ledger ledger = *read_ledger(disk_, places_);
  EXPECT_EQ(ledger.problems.size(), 1u);
  EXPECT_FALSE(ledger.tells({*accepted.message, "a@x.example"}));
}

TEST_F(LedgerTest, counts_refusals_apart) {
  events::Event refusal;
  refusal.kind = EventKind::rejected;
  refusal.at = day_one;
  refusal.recipients = {"a@x.example", "b@x.example"};
  log(refusal);
  feed_all();
  EXPECT_EQ(total().accepted(), 0u);
  EXPECT_EQ(total().refusals, 1u);
  EXPECT_THAT(queued(), IsEmpty());
}

}  // namespace
}  // namespace waypost::records
