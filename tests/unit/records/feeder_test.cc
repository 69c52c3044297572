#include "records/feeder.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "tests/unit/records/records_fixture.h"
#include "tests/unit/records/synced_logs.h"

namespace waypost::records {
namespace {

using events::EventKind;

const Day first_day = day_of(day_one);

class FeederTest : public RecordsTest {
 protected:
  std::string path(Day day) { return day_path(places_.folder, day, day_file_suffix); }
  void write_messages(int from, int to, WallTime at = day_one) {
    for (int i = from; i < to; ++i) {
      events::Event accepted = accepted_of(i, at, {fmt::format("u{}@example.net", i)});
      log(accepted);
      log(outcome_of(accepted, EventKind::delivered, accepted.recipients[0]));
    }
  }
  // Three messages are fed, and the mark behind them is on stable storage; of the log only the
  // first is.
  void feed_more_than_a_power_cut_leaves() {
    write_messages(0, 1);
    uint64_t durable = end_of_log(disk_, places_.events_folder)->offset;
    write_messages(1, 3);
    feed_all();
    auto file =
        places_.events_folder + "/" + list_event_files(disk_, places_.events_folder)->back().name();
    writer_.reset();
    std::filesystem::resize_file(file, durable);
    restart_log();
  }
};

TEST_F(FeederTest, brings_every_line_into_the_file_of_the_day_of_acceptance) {
  WallTime next_day = day_one + 24h;
  write_messages(0, 3);
  events::Event late = accepted_of(7, day_one + 23h, {"late@example.net"});
  log(late);
  events::Event outcome = outcome_of(late, EventKind::bounced, "late@example.net");
  outcome.at = next_day + 1h;
  log(outcome);
  write_messages(8, 9, next_day);
  feed_all();
  EXPECT_EQ(count(first_day, "messages"), 4);
  EXPECT_EQ(count(first_day, "events"), 8);
  EXPECT_EQ(count(first_day + std::chrono::days(1), "events"), 2);
}

TEST_F(FeederTest, leaves_out_what_is_not_about_mail) {
  write_messages(0, 1);
  events::Event switched;
  switched.kind = EventKind::port_switched;
  switched.at = day_one;
  switched.port_switch = {"upstream", 587, 465};
  log(switched);
  write_messages(1, 2);
  feed_all();
  EXPECT_EQ(count(first_day, "messages"), 2);
  EXPECT_EQ(count(first_day, "events"), 4);
}

TEST_F(FeederTest, goes_on_where_it_stopped) {
  write_messages(0, 3);
  feed_all();
  write_messages(3, 5);
  feed_all();
  feed_all();
  EXPECT_EQ(count(first_day, "events"), 10);
  EXPECT_EQ(total().delivered, 5u);
}

TEST_F(FeederTest, gives_each_line_once_wherever_it_is_killed) {
  // Two days in every batch, so that a kill may fall between the commits of two files.
  WallTime next_day = day_one + 24h;
  for (int i = 0; i < 40; ++i) write_messages(i, i + 1, i % 2 == 0 ? day_one : next_day);
  constexpr int steps_tried = 6;
  for (int killed_after = 0; killed_after < steps_tried; ++killed_after) {
    auto feeder = start_feeder(1500);
    for (int step = 0; step <= killed_after % 3; ++step)
      ASSERT_TRUE(feeder->step(clock_.wall_now()));
    // The second file of the next batch is locked: the first is committed, the second is not.
    Database locker = *Database::open(path(first_day + std::chrono::days(1)));
    Transaction lock = *Transaction::begin(locker);
    (void)feeder->step(clock_.wall_now());
  }
  feed_all();
  EXPECT_EQ(count(first_day, "events"), 40);
  EXPECT_EQ(count(first_day + std::chrono::days(1), "events"), 40);
  EXPECT_EQ(total().delivered, 40u);
  EXPECT_EQ(total().queued, 0u);
}

TEST_F(FeederTest, follows_the_log_over_its_files) {
  file_octets_max_ = 2000;
  restart_log();
  write_messages(0, 50);
  ASSERT_GT(list_event_files(disk_, places_.events_folder)->size(), 5u);
  auto feeder = start_feeder(3000);
  feed(*feeder);
  write_messages(50, 60);
  feed(*feeder);
  EXPECT_EQ(count(first_day, "events"), 120);
  EXPECT_TRUE(said_.empty()) << said_.front();
}

TEST_F(FeederTest, passes_over_a_torn_line_and_says_so) {
  write_messages(0, 1);
  auto file = list_event_files(disk_, places_.events_folder)->back();
  auto append = *disk_.open_append(places_.events_folder + "/" + file.name(), 0640);
  ASSERT_TRUE(append->append(R"({"v":1,"event":"deli)"));
  clock_.set(day_one + 1min);
  restart_log();
  write_messages(1, 2);
  feed_all();
  EXPECT_EQ(count(first_day, "events"), 4);
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_NE(said_[0].find("1 damaged lines"), std::string::npos) << said_[0];
}

TEST_F(FeederTest, takes_lines_that_stand_where_a_power_cut_took_others_away) {
  feed_more_than_a_power_cut_leaves();
  auto feeder = start_feeder();
  write_messages(3, 6);
  feed(*feeder);
  EXPECT_EQ(count(first_day, "messages"), 6);
  EXPECT_EQ(total().delivered, 6u);
}

// What stood in a write-ahead log and was not synced is what a power cut takes.
TEST_F(FeederTest, takes_all_lines_when_a_second_power_cut_follows_the_first) {
  SyncedLogs synced;
  feed_more_than_a_power_cut_leaves();
  {
    auto feeder = start_feeder();
    write_messages(3, 6);
    feed(*feeder);
    // The second cut keeps the log.
    std::filesystem::copy_file(path(first_day), folder_ / "durable");
    std::filesystem::copy_file(path(first_day) + "-wal", folder_ / "durable-wal");
    std::filesystem::resize_file(folder_ / "durable-wal",
                                 synced.octets_of(path(first_day) + "-wal"));
  }
  ASSERT_TRUE(remove_day(disk_, places_.folder, first_day, day_file_suffix));
  std::filesystem::rename(folder_ / "durable", path(first_day));
  std::filesystem::rename(folder_ / "durable-wal", path(first_day) + "-wal");
  feed_all();
  EXPECT_EQ(count(first_day, "messages"), 6);
  EXPECT_EQ(total().delivered, 6u);
}

TEST_F(FeederTest, takes_a_line_that_is_longer_than_a_batch) {
  events::Event big = accepted_of(0, day_one, {});
  for (int i = 0; i < 200; ++i) big.recipients.push_back(fmt::format("u{}@example.net", i));
  log(big);
  write_messages(1, 2);
  feed(*start_feeder(1000));
  EXPECT_EQ(total().queued, 200u);
  EXPECT_EQ(total().delivered, 1u);
  EXPECT_TRUE(said_.empty()) << said_.front();
}

TEST_F(FeederTest, sets_a_damaged_file_aside_and_writes_it_again) {
  WallTime next_day = day_one + 24h;
  write_messages(0, 30);
  write_messages(30, 40, next_day);
  feed_all();
  {
    std::filesystem::resize_file(path(first_day), 4096);
    std::ofstream(path(first_day), std::ios::in | std::ios::out) << "not a database at all";
  }
  auto feeder = start_feeder(4000);
  Result<bool> step = feeder->step(clock_.wall_now());
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(disk_.exists(path(first_day) + ".damaged"));
  // It may be killed in the middle of that, too.
  ASSERT_TRUE(feeder->step(clock_.wall_now()));
  feed_all();
  EXPECT_EQ(count(first_day, "events"), 60);
  EXPECT_EQ(count(first_day + std::chrono::days(1), "events"), 20);
  EXPECT_EQ(total().delivered, 40u);
  EXPECT_NE(said_.back().find("is whole again"), std::string::npos) << said_.back();
}

TEST_F(FeederTest, finishes_writing_a_file_again_after_a_kill) {
  WallTime next_day = day_one + 24h;
  write_messages(0, 40);
  write_messages(40, 60, next_day);
  feed_all();
  std::filesystem::rename(path(first_day), path(first_day) + ".damaged");
  for (int kills = 0; kills < 3; ++kills) {
    auto feeder = start_feeder(3000);
    ASSERT_TRUE(feeder->step(clock_.wall_now()));
  }
  feed_all();
  EXPECT_EQ(count(first_day, "events"), 80);
  EXPECT_EQ(count(first_day + std::chrono::days(1), "events"), 40);
}

TEST_F(FeederTest, removes_days_that_are_over_and_takes_no_more_of_their_mail) {
  keep_ = 48h;
  write_messages(0, 1);
  write_messages(1, 2, day_one + 72h);
  auto feeder = start_feeder();
  feed(*feeder);
  clock_.set(day_one + 72h);
  ASSERT_TRUE(feeder->remove_expired(clock_.wall_now()));
  EXPECT_FALSE(disk_.exists(path(first_day)));
  EXPECT_FALSE(disk_.exists(path(first_day) + "-wal"));
  EXPECT_TRUE(disk_.exists(path(first_day + std::chrono::days(3))));
  write_messages(2, 3);
  feed(*feeder);
  EXPECT_FALSE(disk_.exists(path(first_day)));
  // The very end of the day counts.
  clock_.set(day_one + 24h * 6 - 1us);
  ASSERT_TRUE(feeder->remove_expired(clock_.wall_now()));
  EXPECT_TRUE(disk_.exists(path(first_day + std::chrono::days(3))));
}

TEST_F(FeederTest, keeps_only_so_many_refusals_of_a_day_but_counts_all) {
  auto opened = *DayFile::open(places_.folder, first_day);
  DayFile& file = *opened;
  events::Event refusal;
  refusal.kind = EventKind::rejected;
  refusal.at = day_one;
  std::string line = events::to_json_line(refusal);
  ASSERT_TRUE(file.begin());
  for (int i = 0; i < 100'010; ++i) ASSERT_TRUE(file.add(refusal, line));
  ASSERT_TRUE(file.commit({}));
  EXPECT_EQ(count(first_day, "messages"), 100'000);
  EXPECT_EQ(total().refusals, 100'010u);
}

TEST_F(FeederTest, tries_again_when_the_disk_takes_nothing) {
  write_messages(0, 2);
  auto feeder = start_feeder();
  feed(*feeder);
  write_messages(2, 4);
  {
    Database locker = *Database::open(path(first_day));
    Transaction lock = *Transaction::begin(locker);
    EXPECT_FALSE(feeder->step(clock_.wall_now()));
  }
  feed(*feeder);
  EXPECT_EQ(count(first_day, "events"), 8);
}

}  // namespace
}  // namespace waypost::records
