// What is cut off the logs and what is refused, on logs that RocksDB wrote and we damage.
#include "spool/log_tail.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/transaction_log.h>

#include "tests/unit/spool/samples.h"

namespace waypost::spool {
namespace {

const std::string ours = "1f0c8a52-6a0b-4b0e-9d6c-5f7f0b1a2c3d";
constexpr size_t block_octets = 32 * 1024;

class LogTail : public testing::Test {
 protected:
  LogTail() {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* database = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, made_.path(), &database).ok());
    database_.reset(database);
  }

  // A record with one operation; the first has the sequence number 1.
  void write(uint64_t synced, uint64_t log, size_t octets = 100,
             const std::string& identity = ours) {
    rocksdb::WriteBatch batch;
    EXPECT_TRUE(batch.PutLogData(sync_mark({identity, synced, log})).ok());
    EXPECT_TRUE(batch.Put("key", std::string(octets, 'x')).ok());
    EXPECT_TRUE(database_->Write({}, &batch).ok());
  }

  // The octets of the log that is being written; the next record begins a new one.
  std::string take_log() {
    std::unique_ptr<rocksdb::LogFile> log;
    EXPECT_TRUE(database_->GetCurrentWalFile(&log).ok());
    std::ostringstream octets;
    octets << std::ifstream(made_.path() + log->PathName(), std::ios::binary).rdbuf();
    EXPECT_TRUE(database_->Flush({}).ok());
    return octets.str();
  }

  void put(const std::string& name, const std::string& octets) {
    std::ofstream(logs_.path() + "/" + name, std::ios::binary) << octets;
  }
  uint64_t octets_of(const std::string& name) {
    return std::filesystem::file_size(logs_.path() + "/" + name);
  }
  Result<std::optional<TornTail>> cut() {
    put("IDENTITY", ours + "\n");
    EXPECT_TRUE(note_that_logs_are_marked(*rocksdb::Env::Default(), logs_.path()));
    return cut_torn_tail(*rocksdb::Env::Default(), logs_.path());
  }

  static std::string without(std::string log, size_t at, size_t octets) {
    return log.replace(at, octets, octets, '\0');
  }

  TemporaryFolder made_;
  TemporaryFolder logs_;
  std::unique_ptr<rocksdb::DB> database_;
};

TEST_F(LogTail, is_left_alone_where_nothing_is_torn) {
  write(0, 4);
  put("000005.log", take_log() + std::string(1000, '\0'));
  auto torn = cut();
  ASSERT_TRUE(torn) << torn.error().describe();
  EXPECT_FALSE(*torn);
}

TEST_F(LogTail, is_cut_behind_the_last_whole_record_with_all_later_logs) {
  write(0, 4);
  const size_t one_record = take_log().size();
  write(1, 5);
  write(1, 5, 2000);
  const std::string log = take_log();
  put("000005.log", without(log, log.size() - 1500, 512));
  write(1, 5);
  put("000006.log", take_log());
  auto torn = cut();
  ASSERT_TRUE(torn) << torn.error().describe();
  ASSERT_TRUE(*torn);
  EXPECT_EQ((*torn)->octets, log.size());  // but for one record, and as much in the next log
  EXPECT_EQ(octets_of("000005.log"), one_record);
  EXPECT_EQ(octets_of("000006.log"), 0u);
  auto again = cut();
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
}

TEST_F(LogTail, is_damage_when_a_later_record_says_that_it_was_synced) {
  write(0, 4);
  write(0, 4, 2000);
  write(2, 5);
  const std::string log = take_log();
  put("000005.log", without(log, 600, 512));
  auto torn = cut();
  ASSERT_FALSE(torn);
  EXPECT_EQ(torn.error().code(), ErrorCode::corrupt);
  EXPECT_EQ(octets_of("000005.log"), log.size());
}

TEST_F(LogTail, is_damage_too_when_only_the_next_log_says_so) {
  write(0, 4);
  write(0, 4, 2000);
  std::string log = take_log();
  put("000005.log", without(log, log.size() - 700, 512));
  write(2, 5);
  put("000006.log", take_log());
  EXPECT_FALSE(cut());
}

// All that was synced went into tables with the older logs, and into this one came nothing that
// was.
TEST_F(LogTail, of_a_new_log_may_begin_with_its_first_record) {
  for (int i = 0; i < 5; ++i) write(0, 4);
  (void)take_log();
  write(5, 5, 2000);
  write(5, 5);
  put("000006.log", without(take_log(), 512, 512));
  auto torn = cut();
  ASSERT_TRUE(torn) << torn.error().describe();
  EXPECT_EQ(octets_of("000006.log"), 0u);
}

TEST_F(LogTail, is_read_past_a_header_that_the_end_of_a_block_cuts_in_two) {
  write(0, 4, block_octets / 2);
  const size_t overhead = take_log().size() - block_octets / 2;
  write(1, 4, block_octets - overhead - 7 - 5);  // leaves room for 5 octets of the next one
  write(1, 4);
  write(1, 4, 2000);
  write(3, 5);  // the one that is cut in two is the third
  const std::string log = take_log();
  put("000005.log", without(log, log.size() - 1500, 512));
  auto torn = cut();
  ASSERT_TRUE(torn) << torn.error().describe();
  EXPECT_TRUE(*torn);
}

TEST_F(LogTail, does_not_believe_the_mark_of_another_database) {
  write(0, 4);
  write(0, 4, 2000);
  write(2, 5, 100, "another-6a0b-4b0e-9d6c-5f7f0b1a2c3d");
  put("000005.log", without(take_log(), 600, 512));
  auto torn = cut();
  ASSERT_TRUE(torn) << torn.error().describe();
  EXPECT_TRUE(*torn);
}

TEST_F(LogTail, is_rocksdbs_to_judge_where_an_older_waypost_wrote_no_marks) {
  write(0, 4);
  put("000005.log", without(take_log(), 60, 50));
  put("IDENTITY", ours);
  put("MARKED", "another");
  auto torn = cut_torn_tail(*rocksdb::Env::Default(), logs_.path());
  ASSERT_TRUE(torn) << torn.error().describe();
  EXPECT_FALSE(*torn);
}

TEST_F(LogTail, is_kept_aside_as_it_was) {
  write(0, 4);
  const std::string torn_log = without(take_log(), 60, 50);
  write(0, 4);
  const std::string next_log = take_log();
  put("000005.log", torn_log);
  put("000006.log", next_log);
  ASSERT_TRUE(cut());
  EXPECT_EQ(octets_of("torn/000005.log"), torn_log.size());
  EXPECT_EQ(octets_of("torn/000006.log"), next_log.size());
}

TEST_F(LogTail, touches_no_file_that_is_not_a_log_of_the_database) {
  write(0, 4);
  put("000005.log", without(take_log(), 60, 50));
  put("notes.log", "not ours");
  ASSERT_TRUE(cut());
  EXPECT_EQ(octets_of("000005.log"), 0u);
  EXPECT_EQ(octets_of("notes.log"), 8u);
}

}  // namespace
}  // namespace waypost::spool
