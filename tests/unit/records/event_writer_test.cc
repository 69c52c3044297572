#include "records/event_writer.h"

#include <gtest/gtest.h>

#include "tests/unit/records/event_files_fixture.h"

namespace waypost::records {
namespace {

TEST(EventFile, has_a_name_that_parses_back) {
  EventFile file{base::parse_rfc3339("2026-11-21T09:08:07.123Z").value(), 12};
  EXPECT_EQ(file.name(), "events-20261121T090807.123Z-12.jsonl");
  EXPECT_EQ(EventFile::parse(file.name()), file);
  for (std::string_view name :
       {"", "events-.jsonl", "events-20261121T090807.123Z-.jsonl",
        "events-20261121T090807.123Z-012.jsonl", "events-20261121T090807.123Z-1.jsonl.gz",
        "events-20261321T090807.123Z-1.jsonl", "events-20261121T090807.123Z--1.jsonl",
        "events-20261121T090807.123Z-99999999999999999999.jsonl", "events-x.jsonl",
        "events-20261121 090807.123Z-1.jsonl"})
    EXPECT_FALSE(EventFile::parse(name)) << name;
}

TEST_F(EventFilesTest, come_in_the_order_of_time_and_number) {
  for (int number : {10, 9, 1})
    ASSERT_TRUE(disk_.write_file(folder_ / EventFile{day_one, uint64_t(number)}.name(), "", 0600));
  ASSERT_TRUE(disk_.write_file(folder_ / EventFile{day_one - 1h, 11}.name(), "", 0600));
  ASSERT_TRUE(disk_.write_file(folder_ / "events-note.txt", "", 0600));
  std::vector<uint64_t> numbers;
  for (const EventFile& file : event_files()) numbers.push_back(file.number);
  EXPECT_EQ(numbers, (std::vector<uint64_t>{11, 1, 9, 10}));
}

using EventWriterTest = EventFilesTest;

TEST_F(EventWriterTest, goes_on_with_the_newest_file) {
  for (int i = 0; i < 3; ++i) {
    auto writer = open_writer();
    writer->add(event_of(i));
    ASSERT_TRUE(writer->write());
    clock_.set(clock_.wall_now() + 1s);
  }
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(read(), range(0, 3));
}

TEST_F(EventWriterTest, starts_a_file_after_a_torn_line) {
  open_writer();
  {
    std::ofstream file(folder_ / files()[0], std::ios::app);
    file << events::to_json_line(event_of(0)) << "\n"
         << "{\"v\":1,\"event\":\"deli";
  }
  auto writer = open_writer();
  writer->add(event_of(1));
  ASSERT_TRUE(writer->write());
  EXPECT_EQ(files().size(), 2u);
  EventsRead counts;
  EXPECT_EQ(read({}, &counts), range(0, 2));
  EXPECT_EQ(counts.damaged_lines, 1u);
}

TEST_F(EventWriterTest, rotates_at_line_ends_and_keeps_the_newest_files) {
  file_octets_max_ = 1000;
  keep_files_ = 3;
  auto writer = open_writer();
  for (int i = 0; i < 100; ++i) writer->add(event_of(i));
  ASSERT_TRUE(writer->write());
  EXPECT_EQ(files().size(), 3u);
  for (const std::string& name : files()) {
    std::string text = disk_.read_file(folder_ / name, 1 << 20).value();
    EXPECT_LE(text.size(), 1000u);
    EXPECT_EQ(text.back(), '\n');
  }
  std::vector<int> kept = read();
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept, range(kept.front(), 100));
}

TEST_F(EventWriterTest, writes_a_line_longer_than_a_file_may_be) {
  file_octets_max_ = 10;
  auto writer = open_writer();
  for (int i = 0; i < 3; ++i) writer->add(event_of(i));
  ASSERT_TRUE(writer->write());
  EXPECT_EQ(files().size(), 3u);
  EXPECT_EQ(read(), range(0, 3));
}

TEST_F(EventWriterTest, never_names_a_file_before_what_the_last_one_holds) {
  file_octets_max_ = 10;
  auto writer = open_writer();
  writer->add(event_of(0, day_one + 1h));
  ASSERT_TRUE(writer->write());
  clock_.set(day_one - 24h);
  writer->add(event_of(1, day_one - 24h));
  ASSERT_TRUE(writer->write());
  writer->add(event_of(2, day_one - 24h));
  ASSERT_TRUE(writer->write());
  std::vector<EventFile> files = event_files();
  ASSERT_EQ(files.size(), 3u);
  EXPECT_GE(files[1].started_at, day_one + 1h);
  EXPECT_EQ(read(), range(0, 3));
}

TEST_F(EventWriterTest, tells_of_a_gap_where_a_crash_tore_a_line) {
  std::string name;
  {
    auto writer = open_writer();
    writer->add(event_of(0, day_one + 1s));
    ASSERT_TRUE(writer->write());
    name = files()[0];
  }
  std::ofstream(folder_ / name, std::ios::app) << R"({"v":1,"event":"deli)";
  clock_.set(day_one + 1h);
  open_writer();
  open_writer();  // told once
  std::string gap = EventGap{1, day_one + 1s, day_one + 1h}.to_json_line() + "\n";
  EXPECT_TRUE(contents().ends_with(gap)) << contents();
  EventsRead counts;
  EXPECT_EQ(read({}, &counts), range(0, 1));
  EXPECT_EQ(counts.lost_events, 1u);
}

TEST_F(EventWriterTest, tells_of_a_gap_where_a_full_disk_took_nothing_before_the_end) {
  {
    auto writer = open_writer();
    writer->add(event_of(0, day_one));
    ASSERT_TRUE(writer->write());
    disk_.room = 0;
    writer->add(event_of(1, day_one + 1s));
    ASSERT_FALSE(writer->write());
  }
  clock_.set(day_one + 1h);
  open_writer();  // the disk is still full: no line is torn, and the gap waits
  disk_.room = 20;
  open_writer();  // as much as tears the line of the gap
  disk_.room = UINT64_MAX;
  open_writer();
  EventsRead counts;
  EXPECT_EQ(read({}, &counts), range(0, 1));
  EXPECT_EQ(counts.lost_events, 1u);
  open_writer();
  read({}, &counts);
  EXPECT_EQ(counts.lost_events, 1u);
}

TEST_F(EventWriterTest, tells_of_no_gap_where_a_full_disk_had_room_again) {
  {
    auto writer = open_writer();
    disk_.room = 20;
    writer->add(event_of(0));
    ASSERT_FALSE(writer->write());
    disk_.room = UINT64_MAX;
    ASSERT_TRUE(writer->write());
  }
  open_writer();
  EventsRead counts;
  EXPECT_EQ(read({}, &counts), range(0, 1));
  EXPECT_EQ(counts.lost_events, 0u);
}

TEST_F(EventWriterTest, hides_nothing_where_the_clock_was_set_back_over_a_start) {
  MessageId late = id_of(0, day_one + 1h);
  {
    auto writer = open_writer();
    clock_.set(day_one + 1h);
    writer->add(event_of(0, day_one + 1h));
    ASSERT_TRUE(writer->write());
  }
  clock_.set(day_one + 1min);
  file_octets_max_ = 10;
  for (int i = 1; i < 3; ++i) {
    auto writer = open_writer();
    writer->add(event_of(i, day_one + 1min));
    ASSERT_TRUE(writer->write());
  }
  EXPECT_EQ(read({.message = late}), range(0, 1));
}

TEST_F(EventWriterTest, hides_nothing_where_the_clock_was_set_back_while_it_ran) {
  MessageId late = id_of(0, day_one + 1h);
  {
    auto writer = open_writer();
    clock_.set(day_one + 1h);
    writer->add(event_of(0, day_one + 1h));
    ASSERT_TRUE(writer->write());
    clock_.set(day_one + 2min);
    writer->add(event_of(1, day_one + 2min));
    ASSERT_TRUE(writer->write());
  }
  {
    auto writer = open_writer();
    clock_.set(day_one + 3min);
    file_octets_max_ = 10;
  }
  auto writer = open_writer();
  writer->add(event_of(2, day_one + 3min));
  ASSERT_TRUE(writer->write());
  EXPECT_EQ(read({.message = late}), range(0, 1));
  EXPECT_EQ(read(), range(0, 3));
}

TEST_F(EventWriterTest, begins_a_file_each_day_and_removes_what_is_too_old) {
  keep_ = 24h * 3;
  auto writer = open_writer();
  for (int day = 0; day < 10; ++day) {
    clock_.set(day_one + day * 24h + 1h);
    writer->add(event_of(day, clock_.wall_now()));
    ASSERT_TRUE(writer->write());
  }
  // The files of the days whose successor is three days old or less; the last one of today.
  EXPECT_EQ(read(), range(6, 10));
  EXPECT_EQ(files().size(), 4u);
}

TEST_F(EventWriterTest, removes_what_is_too_old_where_nothing_is_written_any_more) {
  keep_ = 24h * 3;
  auto writer = open_writer();
  writer->add(event_of(0));
  ASSERT_TRUE(writer->write());
  for (int day = 1; day < 10; ++day) {
    clock_.set(day_one + day * 24h + 1h);
    ASSERT_TRUE(writer->tidy());
    EXPECT_EQ(read().empty(), day >= 4) << day;
  }
  EXPECT_EQ(files().size(), 1u);  // an empty one needs no successor
}

// Whatever the octet at which the disk fails: no line is torn, none is there twice.
TEST_F(EventWriterTest, goes_on_where_a_full_disk_stopped_it) {
  file_octets_max_ = 700;
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += events::to_json_line(event_of(i)) + "\n";
  for (uint64_t room = 0; room < expected.size(); room += 7) {
    for (const std::string& name : files()) ASSERT_TRUE(disk_.remove(folder_ / name));
    auto writer = open_writer();
    disk_.room = room;
    for (int i = 0; i < 5; ++i) writer->add(event_of(i));
    bool failed = !writer->write();
    for (int i = 5; i < 10; ++i) writer->add(event_of(i));
    failed = !writer->write() || failed;
    EXPECT_TRUE(failed);
    EXPECT_FALSE(writer->write());
    disk_.room = UINT64_MAX;
    ASSERT_TRUE(writer->write());
    EXPECT_EQ(writer->unwritten_octets(), 0u);
    ASSERT_EQ(contents(), expected) << room;
  }
}

TEST_F(EventWriterTest, starts_anew_when_its_file_was_removed_meanwhile) {
  auto writer = open_writer();
  disk_.room = 20;
  for (int i = 0; i < 3; ++i) writer->add(event_of(i));
  ASSERT_FALSE(writer->write());
  ASSERT_TRUE(disk_.remove(folder_ / files()[0]));
  disk_.room = UINT64_MAX;
  ASSERT_TRUE(writer->write());
  EXPECT_EQ(read(), range(0, 3));
}

}  // namespace
}  // namespace waypost::records
