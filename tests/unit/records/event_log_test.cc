#include "records/event_log.h"

#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "io/asio_loop.h"
#include "io/task_group.h"
#include "tests/unit/records/event_files_fixture.h"

namespace waypost::records {
namespace {

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

  io::Task<void> look_when_written(EventLog& log, io::AsioLoop& loop, std::vector<int>& found) {
    co_await log.written(loop);
    found = read();
    loop.stop();
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

TEST_F(EventLogTest, says_when_what_was_told_before_is_written) {
  io::AsioLoop loop;
  options_.flush_every = 50ms;
  auto log = open_log(loop.clock());
  auto sink = log->sink(loop);
  std::vector<int> found;
  io::TaskGroup tasks;
  for (int i = 0; i < 10; ++i) sink->emit(event_of(i));
  tasks.start(look_when_written(*log, loop, found));
  loop.run();
  EXPECT_EQ(found, range(0, 10));
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
  run_until(second, [&] {
    return read() == range(0, 11) && problems().find("works again") != std::string::npos;
  });
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

TEST_F(EventLogTest, removes_what_is_too_old_without_new_events) {
  options_.keep = 72h;
  options_.tidy_every = 5ms;
  auto wait_until = [this](const std::function<bool()>& done) {
    io::AsioLoop loop;
    run_until(loop, done);
  };
  auto log = open_log(clock_);
  {
    io::AsioLoop loop;
    log->sink(loop)->emit(event_of(0));
  }
  wait_until([&] { return read() == range(0, 1); });
  clock_.set(day_one + 25h);
  wait_until([&] { return event_files().size() == 2; });
  EXPECT_EQ(read(), range(0, 1));
  clock_.set(day_one + 25h + 73h);
  wait_until([&] { return event_files().size() == 1; });
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(problems(), "");
}

TEST_F(EventLogTest, cannot_open_where_it_may_not_write) {
  ASSERT_TRUE(disk_.write_file(folder_ / "file", "", 0600));
  options_.folder = folder_ / "file";
  EXPECT_FALSE(EventLog::open(disk_, clock_, options_, [](const std::string&) {}));
}

}  // namespace
}  // namespace waypost::records
