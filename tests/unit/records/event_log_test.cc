#include "records/event_log.h"

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "io/asio_loop.h"
#include "records/event_reader.h"
#include "records/event_writer.h"
#include "tests/temporary_folder.h"

namespace waypost::records {
namespace {

using namespace std::chrono_literals;

constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

class StoppedClock final : public io::Clock {
 public:
  Instant now() const override { return Instant{}; }
  WallTime wall_now() const override { return WallTime(std::chrono::microseconds(micros_.load())); }
  void set(WallTime time) { micros_ = time.time_since_epoch().count(); }

 private:
  std::atomic<int64_t> micros_ = day_one.time_since_epoch().count();
};

// The real disk, on which appending can be made to fail after some octets, or to block.
class FaultyDisk final : public io::Disk {
 public:
  class File final : public io::AppendFile {
   public:
    File(FaultyDisk& disk, std::unique_ptr<io::AppendFile> file)
        : disk_(disk), file_(std::move(file)) {}
    Result<void> append(std::string_view octets) override {
      disk_.wait_until_unblocked();
      if (disk_.room < octets.size()) {
        TRY_VOID(file_->append(octets.substr(0, disk_.room)));
        disk_.room = 0;
        return failure(base::system_failure(ENOSPC, "writing"));
      }
      disk_.room -= octets.size();
      return file_->append(octets);
    }
    Result<void> sync() override { return file_->sync(); }
    uint64_t size() const override { return file_->size(); }

   private:
    FaultyDisk& disk_;
    std::unique_ptr<io::AppendFile> file_;
  };

  Result<std::unique_ptr<io::AppendFile>> open_append(const std::string& path,
                                                      unsigned mode) override {
    TRY(auto file, real_->open_append(path, mode));
    return std::make_unique<File>(*this, std::move(file));
  }
  Result<std::string> read_file(const std::string& path, uint64_t octets_max) override {
    return real_->read_file(path, octets_max);
  }
  Result<std::string> read_range(const std::string& path, uint64_t offset,
                                 uint64_t octets_max) override {
    ++ranges_read;
    return real_->read_range(path, offset, octets_max);
  }
  Result<void> write_file(const std::string& path, std::string_view octets,
                          unsigned mode) override {
    return real_->write_file(path, octets, mode);
  }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    return real_->list(folder);
  }
  Result<void> make_folders(const std::string& folder, unsigned mode) override {
    return real_->make_folders(folder, mode);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return real_->rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return real_->remove(path); }
  bool exists(const std::string& path) override { return real_->exists(path); }
  Result<uint64_t> free_octets(const std::string& path) override {
    return real_->free_octets(path);
  }

  void block(bool blocked) {
    std::lock_guard lock(mutex_);
    blocked_ = blocked;
    changed_.notify_all();
  }
  void wait_until_unblocked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !blocked_; });
  }

  std::atomic<uint64_t> room = UINT64_MAX;
  std::atomic<int> ranges_read = 0;

 private:
  std::unique_ptr<io::Disk> real_ = io::make_system_disk();
  std::mutex mutex_;
  std::condition_variable changed_;
  bool blocked_ = false;
};

MessageId id_of(int number, WallTime at = day_one) {
  std::array<uint8_t, 10> random{};
  random[8] = static_cast<uint8_t>(number >> 8);
  random[9] = static_cast<uint8_t>(number);
  return MessageId::make(at, random);
}

events::Event event_of(int number, WallTime at = day_one) {
  events::Event event;
  event.kind = events::EventKind::delivered;
  event.at = at;
  event.message = id_of(number, at);
  event.sender = "app@example.com";
  event.recipients = {"user" + std::to_string(number) + "@example.net"};
  event.attempt = static_cast<uint32_t>(number);
  event.reply = "250 2.0.0 Ok";
  return event;
}

class EventFilesTest : public testing::Test {
 protected:
  std::unique_ptr<EventWriter> open_writer() {
    auto writer = EventWriter::open(disk_, clock_, {folder_.path(), file_octets_max_, keep_files_});
    EXPECT_TRUE(writer) << writer.error().describe();
    return *std::move(writer);
  }
  std::vector<std::string> files() { return disk_.list(folder_.path()).value(); }
  std::vector<EventFile> event_files() { return list_event_files(disk_, folder_.path()).value(); }
  std::string contents() {
    std::string all;
    for (const EventFile& file : event_files())
      all += disk_.read_file(folder_ / file.name(), 1 << 30).value();
    return all;
  }
  // The numbers of the events that a reader finds.
  std::vector<int> read(const EventFilter& filter = {}, EventsRead* counts = nullptr) {
    std::vector<int> numbers;
    auto done = read_events(disk_, folder_.path(), filter, [&](const events::Event& event) {
      numbers.push_back(static_cast<int>(event.attempt));
      return true;
    });
    EXPECT_TRUE(done) << done.error().describe();
    if (done && counts) *counts = *done;
    return numbers;
  }
  static std::vector<int> range(int from, int to) {
    std::vector<int> numbers;
    for (int i = from; i < to; ++i) numbers.push_back(i);
    return numbers;
  }

  test::TemporaryFolder folder_;
  FaultyDisk disk_;
  StoppedClock clock_;
  uint64_t file_octets_max_ = 1 << 20;
  size_t keep_files_ = 1000;
};

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

class EventLogTest : public EventFilesTest {
 protected:
  std::unique_ptr<EventLog> open_log(io::Clock& clock) {
    auto log = EventLog::open(disk_, clock, options_, [this](const std::string& problem) {
      std::lock_guard lock(mutex_);
      problems_ += problem + "\n";
    });
    EXPECT_TRUE(log) << log.error().describe();
    return *std::move(log);
  }
  std::string problems() {
    std::lock_guard lock(mutex_);
    return problems_;
  }
  // Runs the loop until `done` or ten seconds have passed.
  void run_until(io::AsioLoop& loop, const std::function<bool()>& done) {
    io::Timer poll(loop.timers());
    Instant end = loop.now() + 10s;
    std::function<void()> look = [&] {
      if (done() || loop.now() > end) return loop.stop();
      poll.start(loop.now() + 2ms, look);
    };
    look();
    loop.run();
    EXPECT_TRUE(done());
  }

  EventLogOptions options_{.folder = folder_.path(), .flush_every = 10ms, .retry_every = 20ms};

 private:
  std::mutex mutex_;
  std::string problems_;
};

TEST_F(EventLogTest, writes_soon_without_being_asked) {
  io::AsioLoop loop;
  auto log = open_log(loop.clock());
  auto sink = log->sink(loop);
  sink->emit(event_of(0));
  EXPECT_TRUE(read().empty());
  run_until(loop, [&] { return read() == range(0, 1); });
}

TEST_F(EventLogTest, writes_at_once_when_much_waits) {
  io::AsioLoop loop;
  options_.flush_every = 1h;
  options_.flush_octets = 10000;
  auto log = open_log(loop.clock());
  auto sink = log->sink(loop);
  for (int i = 0; i < 100; ++i) sink->emit(event_of(i));
  run_until(loop, [&] { return read().size() > 50; });
}

TEST_F(EventLogTest, writes_everything_before_it_closes) {
  io::AsioLoop loop;
  options_.flush_every = 1h;
  auto log = open_log(loop.clock());
  auto sink = log->sink(loop);
  for (int i = 0; i < 1000; ++i) sink->emit(event_of(i));
  sink.reset();
  ASSERT_TRUE(log->close());
  EXPECT_EQ(read(), range(0, 1000));
  EXPECT_EQ(problems(), "");
}

TEST_F(EventLogTest, takes_the_events_of_several_shards) {
  constexpr int shards = 3, each = 2000;
  auto log = open_log(clock_);
  std::vector<std::thread> threads;
  for (int shard = 0; shard < shards; ++shard)
    threads.emplace_back([&, shard] {
      io::AsioLoop loop;
      auto sink = log->sink(loop);
      for (int i = 0; i < each; ++i) sink->emit(event_of(shard * each + i));
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(log->close());
  std::vector<int> found = read();
  std::vector<int> next{0, each, 2 * each};
  for (int number : found) EXPECT_EQ(number, next[static_cast<size_t>(number / each)]++);
  EXPECT_EQ(found.size(), size_t{shards * each});
}

TEST_F(EventLogTest, keeps_events_while_the_disk_refuses_and_tries_again) {
  io::AsioLoop loop;
  auto log = open_log(loop.clock());
  auto sink = log->sink(loop);
  disk_.room = 100;
  for (int i = 0; i < 10; ++i) sink->emit(event_of(i));
  run_until(loop, [&] { return problems().find("wait in memory") != std::string::npos; });
  disk_.room = UINT64_MAX;
  io::AsioLoop second;  // the first one has been stopped
  auto other = log->sink(second);
  other->emit(event_of(10));
  run_until(second, [&] { return read().size() == 11; });
  EXPECT_EQ(read(), range(0, 11));
  run_until(second, [&] { return problems().find("works again") != std::string::npos; });
  EXPECT_EQ(problems().find("lost"), std::string::npos);
}

TEST_F(EventLogTest, retries_without_new_events) {
  io::AsioLoop loop;
  auto log = open_log(loop.clock());
  auto sink = log->sink(loop);
  disk_.room = 100;
  sink->emit(event_of(0));
  run_until(loop, [&] {
    if (problems().find("wait in memory") != std::string::npos) disk_.room = UINT64_MAX;
    return problems().find("works again") != std::string::npos;
  });
  EXPECT_EQ(read(), range(0, 1));
}

TEST_F(EventLogTest, says_how_much_a_stuck_disk_made_it_lose) {
  io::AsioLoop loop;
  options_.waiting_octets_max = 20000;
  options_.flush_octets = 1000;
  auto log = open_log(loop.clock());
  auto sink = log->sink(loop);
  disk_.block(true);
  for (int i = 0; i < 200; ++i) sink->emit(event_of(i, day_one + i * 1s));
  EXPECT_NE(problems().find("are being lost"), std::string::npos);
  disk_.block(false);
  sink.reset();
  ASSERT_TRUE(log->close());
  EventsRead counts;
  std::vector<int> kept = read({}, &counts);
  EXPECT_EQ(kept, range(0, static_cast<int>(kept.size())));
  EXPECT_LT(kept.size(), 200u);
  EXPECT_EQ(kept.size() + counts.lost_events, 200u);
  EXPECT_EQ(counts.damaged_lines, 0u);
  WallTime first_lost = day_one + static_cast<int>(kept.size()) * 1s;
  std::string line = EventGap{counts.lost_events, first_lost, day_one + 199s}.to_json_line();
  EXPECT_NE(contents().find(line), std::string::npos) << line;
  EXPECT_NE(problems().find(std::to_string(counts.lost_events) + " events were lost"),
            std::string::npos);
}

TEST_F(EventLogTest, admits_at_the_end_what_it_could_not_write) {
  io::AsioLoop loop;
  auto log = open_log(loop.clock());
  auto sink = log->sink(loop);
  disk_.room = 0;
  sink->emit(event_of(0));
  sink.reset();
  EXPECT_FALSE(log->close());
}

TEST_F(EventLogTest, cannot_open_where_it_may_not_write) {
  ASSERT_TRUE(disk_.write_file(folder_ / "file", "", 0600));
  options_.folder = folder_ / "file";
  EXPECT_FALSE(EventLog::open(disk_, clock_, options_, [](const std::string&) {}));
}

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
  write(std::string(3 << 20, 'x') + "\n" + line_of(event_of(2)));
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
