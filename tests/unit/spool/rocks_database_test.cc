// What a database that was damaged or torn says when it is opened again.
#include "spool/rocks_database.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/spool/fault_file_system.h"
#include "tests/unit/spool/samples.h"

namespace waypost::spool {
namespace {

class RocksDatabaseTest : public testing::Test {
 protected:
  RocksDatabaseTest() {
    options_.path = folder_.path() + "/spool";
    options_.write_buffer_octets = 64 * 1024;
    options_.file_system = files_;
  }

  Result<std::unique_ptr<RocksDatabase>> open() {
    return RocksDatabase::open(options_, [] {});
  }

  static Batch one_body(const std::string& key, size_t octets) {
    Batch batch;
    batch.operations.push_back(
        {Operation::Kind::put, Family::bodies, key, std::string(octets, 'x')});
    return batch;
  }
  static Result<void> write(RocksDatabase& database, const std::string& key, size_t octets,
                            bool sync) {
    const Batch batch = one_body(key, octets);
    return database.write({&batch, 1}, sync);
  }

  std::string newest_log() const {
    std::string newest;
    for (const auto& file : std::filesystem::directory_iterator(options_.path))
      if (file.path().extension() == ".log") newest = std::max(newest, file.path().string());
    return newest;
  }

  // Changes a bit of what follows `text` in the newest log.
  void damage_behind(const std::string& text) {
    std::ostringstream octets;
    octets << std::ifstream(newest_log(), std::ios::binary).rdbuf();
    std::string log = octets.str();
    const size_t at = log.find(text);
    ASSERT_NE(at, std::string::npos);
    log[at + text.size() + 2] ^= 1;
    std::ofstream(newest_log(), std::ios::binary) << log;
  }

  TemporaryFolder folder_;
  std::shared_ptr<FaultFileSystem> files_ = std::make_shared<FaultFileSystem>();
  RocksOptions options_;
};

// The write that finds the buffer full goes into a new log.
TEST_F(RocksDatabaseTest, knows_what_was_synced_though_the_log_changed_with_the_write) {
  {
    auto database = open();
    ASSERT_TRUE(database) << database.error().describe();
    ASSERT_TRUE(write(**database, "first", 100'000, true));
    const std::string before = newest_log();
    ASSERT_TRUE(write(**database, "second", 1000, true));
    ASSERT_NE(newest_log(), before);
    ASSERT_TRUE((*database)->mark());
  }
  damage_behind("second");
  auto again = open();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::corrupt) << again.error().describe();
}

TEST_F(RocksDatabaseTest, opens_when_all_that_is_torn_came_after_tables_were_written) {
  {
    auto database = open();
    ASSERT_TRUE(database) << database.error().describe();
    ASSERT_TRUE(write(**database, "first", 1000, false));
    ASSERT_TRUE((*database)->make_room(0));  // a new log, and the old one goes
    ASSERT_TRUE((*database)->sync());
    ASSERT_TRUE(write(**database, "second", 200'000, false));
  }
  files_->power_cut(60);
  auto again = open();
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_TRUE((*again)->torn_tail());
  EXPECT_TRUE((*again)->read(Family::bodies, "first"));
}

TEST_F(RocksDatabaseTest, makes_no_new_one_where_one_has_lost_its_current_file) {
  {
    auto database = open();
    ASSERT_TRUE(database) << database.error().describe();
    ASSERT_TRUE(write(**database, "first", 1000, true));
  }
  std::filesystem::remove(options_.path + "/CURRENT");
  for (int start = 0; start < 2; ++start) {
    auto again = open();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::corrupt);
    EXPECT_NE(again.error().describe().find("write the line MANIFEST-"), std::string::npos);
  }
  // As it says.
  const std::string said = open().error().describe();
  std::ofstream(options_.path + "/CURRENT")
      << said.substr(said.find("MANIFEST-"), std::string("MANIFEST-000000").size()) << '\n';
  auto mended = open();
  ASSERT_TRUE(mended) << mended.error().describe();
  EXPECT_TRUE((*mended)->read(Family::bodies, "first"));
}

}  // namespace
}  // namespace waypost::spool
