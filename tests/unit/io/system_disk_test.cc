#include <sys/stat.h>

#include <gtest/gtest.h>

#include "io/disk.h"
#include "tests/temporary_folder.h"

namespace waypost::io {
namespace {

class SystemDiskTest : public testing::Test {
 protected:
  unsigned mode_of(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777;
  }
  test::TemporaryFolder folder_;
  std::unique_ptr<Disk> disk_ = make_system_disk();
};

TEST_F(SystemDiskTest, reads_a_file_up_to_the_limit_and_not_beyond) {
  std::string path = folder_ / "a";
  ASSERT_TRUE(disk_->write_file(path, "12345678", 0600));
  EXPECT_EQ(disk_->read_file(path, 8).value(), "12345678");
  Result<std::string> too_long = disk_->read_file(path, 7);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code(), ErrorCode::resource_exhausted);
  EXPECT_EQ(disk_->read_file(path, UINT64_MAX).value(), "12345678");
  EXPECT_EQ(disk_->read_file(folder_ / "b", 8).error().code(), ErrorCode::not_found);
}

TEST_F(SystemDiskTest, reads_files_of_several_megabytes) {
  std::string big(5'000'001, 'x');
  big[4'999'999] = 'y';
  ASSERT_TRUE(disk_->write_file(folder_ / "a", big, 0600));
  EXPECT_EQ(disk_->read_file(folder_ / "a", big.size()).value(), big);
}

TEST_F(SystemDiskTest, reads_ranges_and_less_at_the_end) {
  std::string path = folder_ / "a";
  ASSERT_TRUE(disk_->write_file(path, "12345678", 0600));
  EXPECT_EQ(disk_->read_range(path, 2, 3).value(), "345");
  EXPECT_EQ(disk_->read_range(path, 6, 100).value(), "78");
  EXPECT_EQ(disk_->read_range(path, 100, 100).value(), "");
}

// Whoever follows a file asks for megabytes again and again, and mostly there is nothing.
TEST_F(SystemDiskTest, takes_memory_for_what_is_there_and_not_for_what_may_be) {
  std::string path = folder_ / "a";
  ASSERT_TRUE(disk_->write_file(path, std::string(100, 'x'), 0600));
  EXPECT_LT(disk_->read_range(path, 0, 64 << 20).value().capacity(), 10'000u);
  EXPECT_LT(disk_->read_range(path, 100, 64 << 20).value().capacity(), 10'000u);
}

TEST_F(SystemDiskTest, reads_files_that_tell_no_size) {
  EXPECT_NE(disk_->read_range("/proc/self/status", 0, 1 << 20).value().find("Threads:"),
            std::string::npos);
}

TEST_F(SystemDiskTest, replaces_a_file_as_a_whole_and_leaves_nothing_aside) {
  std::string path = folder_ / "a";
  ASSERT_TRUE(disk_->write_file(path, "a long first version", 0640));
  ASSERT_TRUE(disk_->write_file(path, "second", 0600));
  EXPECT_EQ(disk_->read_file(path, 100).value(), "second");
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(disk_->list(folder_.path()).value(), std::vector<std::string>{"a"});
}

TEST_F(SystemDiskTest, keeps_the_old_file_when_the_new_one_cannot_be_written) {
  std::string path = folder_ / "a";
  ASSERT_TRUE(disk_->write_file(path, "first", 0600));
  ASSERT_TRUE(disk_->make_folders(path + ".new", 0700));  // in the way
  EXPECT_FALSE(disk_->write_file(path, "second", 0600));
  EXPECT_EQ(disk_->read_file(path, 100).value(), "first");
}

TEST_F(SystemDiskTest, gives_a_secret_file_its_mode_although_a_leftover_has_another) {
  std::string path = folder_ / "a";
  ASSERT_TRUE(disk_->write_file(path + ".new", "left by a crash", 0644));
  ASSERT_TRUE(disk_->write_file(path, "secret", 0600));
  EXPECT_EQ(mode_of(path), 0600u);
}

TEST_F(SystemDiskTest, appends_and_knows_the_size) {
  std::string path = folder_ / "a";
  {
    Result<std::unique_ptr<AppendFile>> file = disk_->open_append(path, 0640);
    ASSERT_TRUE(file && (*file)->append("one ") && (*file)->append("two ") && (*file)->sync());
    EXPECT_EQ((*file)->size(), 8u);
  }
  EXPECT_EQ(mode_of(path), 0640u);
  Result<std::unique_ptr<AppendFile>> again = disk_->open_append(path, 0600);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->size(), 8u);
  ASSERT_TRUE((*again)->append("three"));
  EXPECT_EQ(disk_->read_file(path, 100).value(), "one two three");
}

TEST_F(SystemDiskTest, lists_sorted_and_an_absent_folder_as_empty) {
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(disk_->write_file(folder_ / name, "", 0600));
  EXPECT_EQ(disk_->list(folder_.path()).value(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(disk_->list(folder_ / "absent").value().empty());
  EXPECT_FALSE(disk_->list(folder_ / "a"));
}

TEST_F(SystemDiskTest, makes_folders_on_the_way) {
  ASSERT_TRUE(disk_->make_folders(folder_ / "x//y/z/", 0750));
  EXPECT_EQ(mode_of(folder_ / "x/y/z"), 0750u);
  EXPECT_TRUE(disk_->make_folders(folder_ / "x/y/z", 0750));
  ASSERT_TRUE(disk_->write_file(folder_ / "file", "", 0600));
  EXPECT_FALSE(disk_->make_folders(folder_ / "file/under", 0750));
  EXPECT_FALSE(disk_->make_folders(folder_ / "file", 0750));
}

TEST_F(SystemDiskTest, renames_removes_and_says_what_exists) {
  ASSERT_TRUE(disk_->write_file(folder_ / "a", "x", 0600));
  ASSERT_TRUE(disk_->rename(folder_ / "a", folder_ / "b"));
  EXPECT_FALSE(disk_->exists(folder_ / "a"));
  EXPECT_TRUE(disk_->exists(folder_ / "b"));
  ASSERT_TRUE(disk_->remove(folder_ / "b"));
  EXPECT_EQ(disk_->remove(folder_ / "b").error().code(), ErrorCode::not_found);
  EXPECT_EQ(disk_->rename(folder_ / "b", folder_ / "c").error().code(), ErrorCode::not_found);
}

TEST_F(SystemDiskTest, knows_how_much_is_free) {
  EXPECT_GT(disk_->free_octets(folder_.path()).value(), 0u);
  EXPECT_FALSE(disk_->free_octets(folder_ / "absent"));
}

TEST_F(SystemDiskTest, says_why_a_full_disk_takes_nothing) {
  Result<std::unique_ptr<AppendFile>> full = disk_->open_append("/dev/full", 0600);
  if (!full) GTEST_SKIP() << "no /dev/full here";
  EXPECT_EQ((*full)->append("x").error().code(), ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace waypost::io
