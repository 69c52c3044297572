#include "records/event_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/records/event_files_fixture.h"

namespace waypost::records {
namespace {

class EventReaderTest : public EventFilesTest {
 protected:
  void write(std::string_view text, EventFile file = {day_one, 1}) {
    std::ofstream(folder_ / file.name(), std::ios::app) << text;
  }
  static std::string line_of(const events::Event& event) {
    return events::to_json_line(event) + "\n";
  }
};

TEST_F(EventReaderTest, finds_nothing_where_there_is_no_log) {
  auto done = read_events(disk_, folder_ / "absent", {}, [](const events::Event&) { return true; });
  ASSERT_TRUE(done);
  EXPECT_EQ(done->events, 0u);
}

TEST_F(EventReaderTest, finds_one_message) {
  for (int i = 0; i < 100; ++i) write(line_of(event_of(i % 50, day_one)));
  EXPECT_EQ(read({.message = id_of(7)}), (std::vector<int>{7, 7}));
  EXPECT_TRUE(read({.message = id_of(77)}).empty());
}

TEST_F(EventReaderTest, does_not_take_an_id_in_the_text_for_the_message) {
  events::Event event = event_of(1);
  event.reply = "250 ok " + id_of(7).text();
  write(line_of(event));
  EXPECT_TRUE(read({.message = id_of(7)}).empty());
}

TEST_F(EventReaderTest, finds_an_address_in_any_case_as_sender_or_recipient) {
  events::Event event = event_of(1);
  event.recipients = {"a@example.net", "Ann.Smith@Example.NET"};
  write(line_of(event));
  event = event_of(2);
  event.sender = "ANN.smith@example.net";
  write(line_of(event));
  event = event_of(3);
  event.reply = "550 ann.smith@example.net unknown";
  event.recipients = {"xann.smith@example.net"};
  write(line_of(event));
  event = event_of(4);
  event.recipients = {"\"a \\\"b\"@example.net"};
  write(line_of(event));
  EXPECT_EQ(read({.address = "ann.smith@EXAMPLE.net"}), range(1, 3));
  EXPECT_EQ(read({.address = "\"A \\\"b\"@example.net"}), range(4, 5));
}

TEST_F(EventReaderTest, finds_what_happened_since_a_time) {
  for (int i = 0; i < 10; ++i) write(line_of(event_of(i, day_one + i * 1s)));
  EXPECT_EQ(read({.since = day_one + 4s}), range(4, 10));
  EXPECT_EQ(read({.since = day_one + 4s + 1us}), range(5, 10));
  EXPECT_EQ(read({.message = id_of(4, day_one + 4s), .since = day_one + 5s}), range(0, 0));
}

TEST_F(EventReaderTest, does_not_open_files_that_ended_before) {
  for (int i = 0; i < 5; ++i)
    write(line_of(event_of(i, day_one + i * 1h + 2min)), {day_one + i * 1h, 1});
  EventFilter filters[] = {{.message = id_of(4, day_one + 4h + 2min)},
                           {.since = day_one + 4h + 2min}};
  for (const EventFilter& filter : filters) {
    disk_.ranges_read = 0;
    EXPECT_EQ(read(filter), range(4, 5));
    EXPECT_EQ(disk_.ranges_read, 2);  // one file, and its end
  }
}

TEST_F(EventReaderTest, stops_when_it_is_told_to) {
  for (int i = 0; i < 10; ++i) write(line_of(event_of(i)), {day_one, uint64_t(i / 5 + 1)});
  int seen = 0;
  auto done =
      read_events(disk_, folder_.path(), {}, [&](const events::Event&) { return ++seen < 3; });
  ASSERT_TRUE(done);
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(done->events, 3u);
}

TEST_F(EventReaderTest, passes_over_damaged_lines_and_counts_them) {
  write(line_of(event_of(0)) + "garbage\n\n" + std::string(100, '\0') + "\n" +
        line_of(event_of(1)));
  write(std::string(33 << 20, 'x') + "\n" + line_of(event_of(2)));
  write(line_of(event_of(3)) + "{\"v\":1,\"torn", {day_one, 2});
  write(line_of(event_of(4)), {day_one, 3});
  EventsRead counts;
  EXPECT_EQ(read({}, &counts), range(0, 5));
  EXPECT_EQ(counts.damaged_lines, 5u);
  EXPECT_EQ(counts.events, 5u);
}

TEST_F(EventReaderTest, leaves_a_line_alone_that_is_being_written) {
  write(line_of(event_of(0)) + events::to_json_line(event_of(1)).substr(0, 50));
  EventsRead counts;
  EXPECT_EQ(read({}, &counts), range(0, 1));
  EXPECT_EQ(counts.damaged_lines, 0u);
}

TEST_F(EventReaderTest, reads_lines_across_the_borders_of_what_it_reads_at_once) {
  std::string text;
  for (int i = 0; i < 20000; ++i) {
    events::Event event = event_of(i);
    event.reply.append(static_cast<size_t>(i % 97), 'x');
    text += line_of(event);
  }
  events::Event big = event_of(20000);
  big.reply.append(1'000'000, 'x');
  write(text + line_of(big));
  ASSERT_GT(text.size(), 3u << 20);
  EXPECT_EQ(read(), range(0, 20001));
  EXPECT_EQ(read({.address = "user19999@example.net"}), range(19999, 20000));
  EXPECT_EQ(read({.message = id_of(20000)}), range(20000, 20001));
}

TEST_F(EventReaderTest, reads_the_longest_line_that_we_write) {
  events::Event event = event_of(1);
  event.kind = events::EventKind::accepted;
  const std::string path = std::string(60, '\\') + std::string(190, 'x') + "@y.z";
  event.recipients.assign(100'000, path);
  ASSERT_LT(line_of(event).size(), event_line_octets_max);
  write(line_of(event) + line_of(event_of(2)));
  EventsRead counts;
  EXPECT_EQ(read({.address = event.sender}, &counts), range(1, 3));
  EXPECT_EQ(counts.damaged_lines, 0u);
}

TEST_F(EventReaderTest, counts_gaps_whatever_is_asked_for_but_believes_no_metadata) {
  events::Event event = event_of(0);
  event.metadata = {{"event", "log_gap"}, {"lost", "1000"}};
  event.reply = R"(550 {"v":1,"event":"log_gap","lost":1000})";
  write(line_of(event) + EventGap{12, day_one, day_one}.to_json_line() + "\n" +
        EventGap{30, day_one, day_one}.to_json_line() + "\n");
  for (const EventFilter& filter : {EventFilter{}, EventFilter{.address = "nobody@example.net"}}) {
    EventsRead counts;
    read(filter, &counts);
    EXPECT_EQ(counts.lost_events, 42u);
    EXPECT_EQ(counts.damaged_lines, 0u);
  }
}

}  // namespace
}  // namespace waypost::records
