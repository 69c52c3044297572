#include "records/ledger.h"

#include "tests/unit/records/records_fixture.h"

namespace waypost::records {
namespace {

using events::EventKind;
using testing::ElementsAre;
using testing::IsEmpty;

// How many octets of the log are taken at a time: a line each, or all that is there. What is new in
// a batch and what stands in the file already go different ways.
class LedgerTest : public RecordsTest, public testing::WithParamInterface<uint64_t> {
 protected:
  LedgerTest() { batch_octets_max_ = GetParam(); }
  std::vector<QueuedRecipient> queued() { return *read_queued(disk_, places_.folder, 1000); }
};

TEST_P(LedgerTest, counts_each_recipient_by_its_last_outcome) {
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

TEST_P(LedgerTest, counts_an_outcome_once_that_a_crash_repeated) {
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

TEST_P(LedgerTest, counts_an_address_twice_that_the_envelope_names_twice) {
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

TEST_P(LedgerTest, keeps_recipients_apart_that_differ_only_in_case) {
  events::Event accepted = accepted_of(1, day_one, {"later@x.example", "Later@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::deferred, "later@x.example"));
  log(outcome_of(accepted, EventKind::delivered, "Later@x.example"));
  feed_all();
  EXPECT_EQ(total().delivered, 1u);
  EXPECT_THAT(queued(), ElementsAre(QueuedRecipient{*accepted.message, "later@x.example"}));
  EXPECT_EQ(find({.address = "LATER@x.example"}).messages.size(), 1u);
}

TEST_P(LedgerTest, counts_a_second_message_that_took_the_id_of_one_that_is_gone) {
  events::Event accepted = accepted_of(1, day_one, {"a@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  events::Event again = accepted;
  again.at += 1s;
  again.recipients = {"a@x.example", "b@x.example"};
  log(again);
  feed_all();
  EXPECT_EQ(total().delivered, 1u);
  EXPECT_EQ(total().queued, 2u);
  EXPECT_EQ(queued().size(), 2u);
}

TEST_P(LedgerTest, takes_the_one_that_waits_for_the_one_that_an_outcome_is_about) {
  events::Event accepted = accepted_of(1, day_one, {"a@x.example", "a@x.example", "a@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::delivered, "a@x.example"));
  log(outcome_of(accepted, EventKind::bounced, "a@x.example"));
  feed_all();
  EXPECT_EQ(total().delivered, 1u);
  EXPECT_EQ(total().bounced, 1u);
  EXPECT_EQ(total().queued, 1u);
}

TEST_P(LedgerTest, knows_a_message_whose_acceptance_was_lost_by_its_outcomes) {
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

TEST_P(LedgerTest, keeps_days_of_acceptance_apart) {
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

TEST_P(LedgerTest, says_how_much_of_the_log_is_not_counted_yet) {
  log(accepted_of(1, day_one, {"a@x.example"}));
  feed_all();
  EXPECT_EQ(read_ledger(disk_, places_)->unread_events, 0u);
  log(accepted_of(2, day_one, {"b@x.example"}));
  EXPECT_EQ(read_ledger(disk_, places_)->unread_events, 1u);
  events::Event no_mail;
  no_mail.kind = EventKind::port_switched;
  no_mail.at = day_one;
  log(no_mail);
  EXPECT_EQ(read_ledger(disk_, places_)->unread_events, 1u);
}

TEST_P(LedgerTest, knows_of_whom_the_log_tells_more_and_until_when_that_counts) {
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

TEST_P(LedgerTest, says_of_which_day_it_does_not_know_all) {
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

TEST_P(LedgerTest, counts_refusals_apart) {
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

TEST_P(LedgerTest, counts_the_recipients_of_a_message_with_many) {
  events::Event accepted = accepted_of(1, day_one, {});
  for (int i = 0; i < 100; ++i) accepted.recipients.push_back(std::to_string(i) + "@x.example");
  log(accepted);
  for (int i = 0; i < 60; ++i)
    log(outcome_of(accepted, EventKind::delivered, std::to_string(i) + "@x.example"));
  feed_all();
  EXPECT_EQ(total().delivered, 60u);
  EXPECT_EQ(total().queued, 40u);
  EXPECT_EQ(queued().size(), 40u);
}

TEST_P(LedgerTest, adds_a_recipient_that_only_an_outcome_names) {
  events::Event accepted = accepted_of(1, day_one, {"a@x.example"});
  log(accepted);
  log(outcome_of(accepted, EventKind::delivered, "b@x.example"));
  log(outcome_of(accepted, EventKind::bounced, "b@x.example"));
  feed_all();
  EXPECT_EQ(total().accepted(), 2u);
  EXPECT_EQ(total().bounced, 1u);
  EXPECT_THAT(queued(), ElementsAre(QueuedRecipient{*accepted.message, "a@x.example"}));
}

INSTANTIATE_TEST_SUITE_P(, LedgerTest, testing::Values(1, 4 << 20), [](const auto& octets) {
  return octets.param == 1 ? "a_line_at_a_time" : "all_at_once";
});

}  // namespace
}  // namespace waypost::records
