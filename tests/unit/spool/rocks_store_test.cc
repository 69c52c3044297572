#include "spool/rocks_store.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "tests/unit/spool/fault_file_system.h"
#include "tests/unit/spool/samples.h"
#include "tests/unit/spool/test_loop.h"

namespace waypost::spool {
namespace {

class RocksStoreTest : public testing::Test {
 protected:
  RocksStoreTest() {
    options_.path = folder_.path() + "/new/spool";
    options_.file_system = files_;
  }

  void open() {
    spool_.reset();
    store_.reset();
    auto store = RocksStore::open(options_);
    ASSERT_TRUE(store) << store.error().describe();
    store_ = *std::move(store);
    spool_ = make_spool(*store_, loop_);
  }
  void close() {
    spool_.reset();
    store_.reset();
  }

  Result<void> accept(uint32_t n, size_t octets = 300) {
    return loop_.run(spool_->commit(sample_envelope(n, 1), chunk_list(sample_chunk(n, 0, octets))));
  }
  io::Task<void> accept_and_count(uint32_t n) {
    auto result = co_await spool_->commit(sample_envelope(n, 1), chunk_list(sample_chunk(n, 0)));
    accepted_ += result.has_value();
  }

  // The log that holds what was committed; the others are empty.
  std::string log_path() {
    std::string longest;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path))
      if (entry.path().extension() == ".log" &&
          (longest.empty() || entry.file_size() > std::filesystem::file_size(longest)))
        longest = entry.path();
    return longest;
  }

  uint64_t octets_of_logs_and_tables() {
    uint64_t octets = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
      std::error_code gone;  // files go while we look
      auto size = entry.path().extension() == ".log" || entry.path().extension() == ".sst"
                      ? entry.file_size(gone)
                      : 0;
      if (!gone) octets += size;
    }
    return octets;
  }

  // One table for the chunk of each message.
  void write_tables(uint32_t tables) {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    rocksdb::ColumnFamilyOptions settings;
    settings.disable_auto_compactions = true;
    for (const char* name : {"default", "envelopes", "progress", "bodies", "arriving"})
      families.emplace_back(name, settings);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, options_.path, families, &handles, &opened).ok());
    std::unique_ptr<rocksdb::DB> database(opened);
    rocksdb::ColumnFamilyHandle* bodies = handles[3];
    for (uint32_t n = 0; n < tables; ++n) {
      std::string key = part_key(sample_id(n), 0);
      ASSERT_TRUE(database->Put({}, bodies, key, sample_octets(n, 0, 300)).ok());
      ASSERT_TRUE(database->Flush({}, bodies).ok());
    }
    for (auto* handle : handles) (void)database->DestroyColumnFamilyHandle(handle);
  }

  TemporaryFolder folder_;
  std::shared_ptr<FaultFileSystem> files_ = std::make_shared<FaultFileSystem>();
  RocksOptions options_;
  TestLoop loop_{Time::real};
  std::unique_ptr<RocksStore> store_;
  std::unique_ptr<Spool> spool_;
  size_t accepted_ = 0;
};

TEST_F(RocksStoreTest, says_how_long_a_sync_that_does_not_come_back_has_taken) {
  open();
  EXPECT_FALSE(store_->busy_for());
  files_->slow_syncs(std::chrono::milliseconds(300));
  files_->hold_syncs(true);
  io::TaskGroup group;
  group.start(accept_and_count(1));
  std::optional<Duration> busy;
  for (int i = 0; i < 10'000 && !busy; ++i) {
    busy = store_->busy_for();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(busy && *busy >= Duration::zero());
  EXPECT_TRUE(store_->healthy()) << "nothing has failed";
  files_->hold_syncs(false);
  loop_.run_until([&] { return accepted_ == 1; });
  EXPECT_FALSE(store_->busy_for());
  const SyncTimes times = store_->sync_times();
  EXPECT_EQ(std::accumulate(times.counts.begin(), times.counts.end(), uint64_t(0)), 1u);
  EXPECT_GE(times.sum_s, 0.3);
}

TEST_F(RocksStoreTest, makes_folders_that_only_the_owner_may_enter) {
  open();
  struct stat facts;
  ASSERT_EQ(::stat(options_.path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
}

TEST_F(RocksStoreTest, shares_syncs_between_commits) {
  open();
  files_->slow_syncs(std::chrono::milliseconds(100));
  uint64_t before = files_->log_syncs();
  io::TaskGroup group;
  for (uint32_t n = 0; n < 200; ++n) group.start(accept_and_count(n));
  loop_.run_until([&] { return group.running() == 0; });
  EXPECT_EQ(accepted_, 200u);
  EXPECT_LE(files_->log_syncs() - before, 10u);
}

TEST_F(RocksStoreTest, syncs_updates_within_their_delay_and_not_before) {
  open();
  ASSERT_TRUE(accept(1));
  uint64_t before = files_->log_syncs();
  const Instant start = loop_.now();
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(loop_.run(
        spool_->update(sample_id(1), std::vector<RecipientChange>(1), Durability::bounded)));
  // One, unless the machine stood still meanwhile.
  const auto most = static_cast<uint64_t>(1 + (loop_.now() - start) / update_sync_delay_max);
  EXPECT_LE(files_->log_syncs(), before + most);
  while (files_->log_syncs() == before) loop_.run_for(std::chrono::milliseconds(10));
  loop_.run_for(update_sync_delay_max * 2);
  EXPECT_LE(files_->log_syncs(), before + most + 1);
}

TEST_F(RocksStoreTest, does_not_sync_for_pieces_of_an_arriving_message) {
  open();
  uint64_t before = files_->log_syncs();
  ASSERT_TRUE(loop_.run(spool_->write_chunk(sample_id(1), sample_chunk(1, 1))));
  loop_.run_for(update_sync_delay_max);
  EXPECT_EQ(files_->log_syncs(), before);
}

TEST_F(RocksStoreTest, never_acknowledges_after_a_failed_sync) {
  open();
  ASSERT_TRUE(accept(1));
  files_->fail_syncs();
  auto failed = accept(2);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::io_failure);
  EXPECT_FALSE(spool_->healthy());
  EXPECT_EQ(accept(3).error().code(), ErrorCode::unavailable);
  auto updated =
      loop_.run(spool_->update(sample_id(1), std::vector<RecipientChange>(1), Durability::bounded));
  EXPECT_EQ(updated.error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(loop_.run(spool_->read_chunk(sample_id(1), 0)));
}

TEST_F(RocksStoreTest, is_unhealthy_when_the_late_sync_of_an_update_fails) {
  open();
  ASSERT_TRUE(accept(1));
  files_->fail_syncs();
  (void)loop_.run(
      spool_->update(sample_id(1), std::vector<RecipientChange>(1), Durability::bounded));
  while (spool_->healthy()) loop_.run_for(std::chrono::milliseconds(10));
}

TEST_F(RocksStoreTest, reports_a_full_disk_as_such) {
  open();
  ASSERT_TRUE(accept(1));
  files_->fill_disk();
  auto failed = accept(2);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::resource_exhausted) << failed.error().describe();
  EXPECT_FALSE(spool_->healthy());
  EXPECT_EQ(accept(3).error().code(), ErrorCode::unavailable);
}

// RocksDB asks once how much room there is when it notes the failure. Its own resumption would
// begin with asking again, at once and then every 5 s.
TEST_F(RocksStoreTest, does_not_resume_after_a_full_disk) {
  open();
  ASSERT_TRUE(accept(1));
  uint64_t before = files_->questions_of_room();
  files_->fill_disk();
  ASSERT_FALSE(accept(2));
  loop_.run_for(std::chrono::milliseconds(200));
  EXPECT_LE(files_->questions_of_room(), before + 1);
}

TEST_F(RocksStoreTest, says_that_another_process_uses_the_spool) {
  open();
  auto second = RocksStore::open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::unavailable);
  EXPECT_NE(second.error().message().find("another `waypost serve`"), std::string::npos)
      << second.error().describe();
}

TEST_F(RocksStoreTest, refuses_the_format_of_a_newer_version) {
  open();
  close();
  rocksdb::DB* database = nullptr;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : {"default", "envelopes", "progress", "bodies", "arriving"})
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  ASSERT_TRUE(rocksdb::DB::Open({}, options_.path, families, &handles, &database).ok());
  ASSERT_TRUE(database->Put({}, "format", "2").ok());
  for (auto* handle : handles) (void)database->DestroyColumnFamilyHandle(handle);
  delete database;
  auto store = RocksStore::open(options_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::unavailable);
  EXPECT_NE(store.error().message().find("format 2"), std::string::npos);
}

TEST_F(RocksStoreTest, refuses_a_spool_with_parts_that_it_does_not_know) {
  open();
  close();
  rocksdb::DB* database = nullptr;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : {"default", "envelopes", "progress", "bodies", "arriving", "later"})
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  rocksdb::DBOptions settings;
  settings.create_missing_column_families = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  ASSERT_TRUE(rocksdb::DB::Open(settings, options_.path, families, &handles, &database).ok());
  for (auto* handle : handles) (void)database->DestroyColumnFamilyHandle(handle);
  delete database;
  auto store = RocksStore::open(options_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message().find("\"later\""), std::string::npos);
}

TEST_F(RocksStoreTest, reads_a_spool_that_no_server_uses_without_changing_it) {
  open();
  ASSERT_TRUE(accept(1));
  ASSERT_TRUE(loop_.run(spool_->write_chunk(sample_id(2), sample_chunk(2, 1))));
  close();
  auto store = RocksStore::open_read_only(options_.path);
  ASSERT_TRUE(store) << store.error().describe();
  auto spool = make_spool(**store, loop_);
  EXPECT_EQ(recover(*spool).messages.size(), 1u);
  auto written = loop_.run(spool->write_chunk(sample_id(3), sample_chunk(3, 1)));
  EXPECT_EQ(written.error().code(), ErrorCode::unavailable);
}

TEST_F(RocksStoreTest, finds_no_spool_to_read_where_there_is_none) {
  EXPECT_EQ(RocksStore::open_read_only(options_.path).error().code(), ErrorCode::not_found);
}

TEST_F(RocksStoreTest, reads_from_disk_what_is_no_longer_in_memory) {
  options_.write_buffer_octets = 64 * 1024;
  options_.block_cache_octets = 0;
  open();
  for (uint32_t n = 0; n < 20; ++n) ASSERT_TRUE(accept(n, 40'000));
  close();
  open();
  for (uint32_t n = 0; n < 20; ++n)
    EXPECT_EQ(loop_.run(spool_->read_chunk(sample_id(n), 0)).value(), sample_octets(n, 0, 40'000));
}

// RocksDB opens only some of many tables at a start. Asked for what is in memory only, its Get says
// "found", with nothing in it, of a key in a table that it has not opened.
TEST_F(RocksStoreTest, reads_what_is_in_tables_that_are_not_open_yet) {
  constexpr uint32_t tables = 40;
  open();
  close();
  write_tables(tables);
  auto store = RocksStore::open_read_only(options_.path);  // so that no compaction joins the tables
  ASSERT_TRUE(store) << store.error().describe();
  auto spool = make_spool(**store, loop_);
  for (uint32_t n = 0; n < tables; ++n)
    EXPECT_EQ(loop_.run(spool->read_chunk(sample_id(n), 0)).value(), sample_octets(n, 0, 300));
}

// The log of a new spool's first record as well: it was kept once, and every later one with it.
TEST_F(RocksStoreTest, gives_back_the_room_of_what_was_removed) {
  constexpr uint32_t messages = 20;
  open();
  for (uint32_t n = 0; n < messages; ++n) ASSERT_TRUE(accept(n, 40'000));
  for (uint32_t n = 0; n < messages; ++n)
    ASSERT_TRUE(loop_.run(spool_->remove(sample_envelope(n, 1), Durability::bounded)));
  EXPECT_GT(octets_of_logs_and_tables(), 700'000u);
  store_->make_room(1'000'000'000);
  while (octets_of_logs_and_tables() >= 100'000) loop_.run_for(std::chrono::milliseconds(10));
}

TEST_F(RocksStoreTest, never_gives_a_damaged_chunk) {
  options_.write_buffer_octets = 64 * 1024;
  open();
  for (uint32_t n = 0; n < 20; ++n) ASSERT_TRUE(accept(n, 40'000));
  open();  // writes tables from the log
  close();
  std::string largest;
  for (const auto& entry : std::filesystem::directory_iterator(options_.path))
    if (entry.path().extension() == ".sst" &&
        (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)))
      largest = entry.path();
  std::fstream table(largest, std::ios::in | std::ios::out | std::ios::binary);
  table.seekp(20'000);
  table.put('?');
  table.close();
  open();
  size_t corrupt = 0;
  for (uint32_t n = 0; n < 20; ++n) {
    auto octets = loop_.run(spool_->read_chunk(sample_id(n), 0));
    if (octets)
      EXPECT_EQ(*octets, sample_octets(n, 0, 40'000));
    else
      corrupt += octets.error().code() == ErrorCode::corrupt;
  }
  EXPECT_EQ(corrupt, 1u);
}

TEST_F(RocksStoreTest, may_be_destroyed_while_commits_are_awaited) {
  open();
  auto group = std::make_unique<io::TaskGroup>();
  for (uint32_t n = 0; n < 20; ++n) group->start(accept_and_count(n));
  group.reset();
  close();
  loop_.run_for(std::chrono::milliseconds(1));
  EXPECT_EQ(accepted_, 0u);
  open();
  EXPECT_EQ(recover(*spool_).messages.size(), 20u);
}

// docs/format/spool.md says what a changed bit in the log can do; this is where that was found.
class DamagedLog : public RocksStoreTest {
 protected:
  static constexpr uint32_t messages = 40;
  static constexpr size_t block_octets = 32 * 1024;  // of RocksDB's log format

  DamagedLog() {
    open();
    for (uint32_t n = 0; n < messages; ++n) EXPECT_TRUE(accept(n, 3'000));
    close();
    std::stringstream octets;
    octets << std::ifstream(log_path(), std::ios::binary).rdbuf();
    log_ = octets.str();
    path_ = log_path();
  }

  // What is found after one bit at `position` has changed; nothing when opening was refused.
  std::optional<size_t> found_after_change(size_t position, unsigned bit) {
    std::string changed = log_;
    changed[position] ^= char(1 << bit);
    std::ofstream(path_, std::ios::binary) << changed;
    auto store = RocksStore::open_read_only(options_.path);
    if (!store) {
      EXPECT_EQ(store.error().code(), ErrorCode::corrupt) << store.error().describe();
      return std::nullopt;
    }
    return recover(*make_spool(**store, loop_)).messages.size();
  }

  // The same when a relay would serve from it.
  Result<void> opens_after_change(size_t position, unsigned bit) {
    std::string changed = log_;
    changed[position] ^= char(1 << bit);
    std::ofstream(path_, std::ios::binary) << changed;
    auto store = RocksStore::open(options_);
    if (!store) return failure(std::move(store).error());
    return {};
  }

  size_t last_block() const { return (log_.size() - 1) / block_octets * block_octets; }

  std::string log_;
  std::string path_;
};

TEST_F(DamagedLog, is_refused_rather_than_read_with_fewer_messages) {
  ASSERT_GT(last_block(), 0u);
  for (size_t position = 0; position < last_block(); position += 797)
    EXPECT_EQ(found_after_change(position, position % 8).value_or(messages), messages)
        << "at " << position << " of " << log_.size();
}

// The one thing that RocksDB 7.8 cannot tell from a write that a crash tore: a record in the last
// block whose length (octets 4 and 5 of its header) now points past the end.
TEST_F(DamagedLog, reads_a_changed_length_in_the_last_block_as_a_torn_end) {
  auto found = found_after_change(last_block() + 5, 7);
  ASSERT_TRUE(found);
  EXPECT_LT(*found, messages);
  EXPECT_FALSE(found_after_change(last_block() + 1, 0));
  EXPECT_FALSE(found_after_change(last_block() + 100, 0));
}

// What was synced is told from what a power cut tore by the marks of later records, down to the
// last.
TEST_F(DamagedLog, is_never_taken_for_a_torn_end_where_it_was_synced) {
  for (size_t position = last_block() + 5; position + 200 < log_.size(); position += 797) {
    auto opened = opens_after_change(position, 7);
    ASSERT_FALSE(opened) << "at " << position << " of " << log_.size();
    EXPECT_EQ(opened.error().code(), ErrorCode::corrupt) << opened.error().describe();
  }
}

}  // namespace
}  // namespace waypost::spool
