#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "records/event_files.h"
#include "records/event_reader.h"
#include "records/event_writer.h"
#include "tests/temporary_folder.h"

// What the tests of the event log's writer, log and reader share.
namespace waypost::records {

using namespace std::chrono_literals;

inline constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

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

inline MessageId id_of(int number, WallTime at = day_one) {
  std::array<uint8_t, 10> random{};
  random[8] = static_cast<uint8_t>(number >> 8);
  random[9] = static_cast<uint8_t>(number);
  return MessageId::make(at, random);
}

inline events::Event event_of(int number, WallTime at = day_one) {
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
    auto writer =
        EventWriter::open(disk_, clock_, {folder_.path(), file_octets_max_, keep_files_, keep_});
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
  Duration keep_ = std::chrono::hours(24 * 30);
};

}  // namespace waypost::records
