#include "io/memory_disk.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace waypost::io {
namespace {

constexpr unsigned mode = 0600;

std::unique_ptr<AppendFile> opened(MemoryDisk& disk, const std::string& path) {
  auto file = disk.open_append(path, mode);
  EXPECT_TRUE(file);
  return std::move(*file);
}

TEST(MemoryDisk, reads_what_was_appended_before_any_sync) {
  MemoryDisk disk(1);
  auto file = opened(disk, "log");
  ASSERT_TRUE(file->append("one"));
  ASSERT_TRUE(file->append("two"));
  EXPECT_EQ(file->size(), 6u);
  EXPECT_EQ(disk.read_file("log", 6).value(), "onetwo");
  EXPECT_EQ(disk.read_range("log", 4, 10).value(), "wo");
  EXPECT_EQ(disk.read_file("log", 5).error().code(), ErrorCode::resource_exhausted);
}

TEST(MemoryDisk, keeps_synced_octets_and_some_part_of_the_others_at_a_power_cut) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MemoryDisk disk(seed);
    auto file = opened(disk, "log");
    ASSERT_TRUE(file->append("synced"));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->append("not"));
    disk.power_cut();
    std::string left = disk.read_file("log", 100).value();
    EXPECT_EQ(std::string("syncednot").substr(0, left.size()), left);
    EXPECT_GE(left.size(), 6u);
    sizes.insert(left.size());
    EXPECT_EQ(file->append("x").error().code(), ErrorCode::io_failure);
  }
  EXPECT_EQ(sizes.size(), 4u);
}

TEST(MemoryDisk, drops_what_a_failed_sync_was_to_keep_even_if_the_next_succeeds) {
  MemoryDisk disk(1);
  auto file = opened(disk, "log");
  ASSERT_TRUE(file->append("ab"));
  disk.fail_next_sync(EIO);
  EXPECT_EQ(file->sync().error().system_error(), EIO);
  ASSERT_TRUE(file->append("cd"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(disk.read_file("log", 10).value(), "abcd");
  disk.power_cut();
  EXPECT_EQ(disk.read_file("log", 10).value(), std::string("\0\0cd", 4));
}

TEST(MemoryDisk, writes_a_whole_file_or_leaves_the_old_one) {
  MemoryDisk disk(1);
  ASSERT_TRUE(disk.write_file("conf", "old", mode));
  disk.fail_next_sync(EIO);
  EXPECT_FALSE(disk.write_file("conf", "new", mode));
  EXPECT_EQ(disk.read_file("conf", 10).value(), "old");
  ASSERT_TRUE(disk.write_file("conf", "newer", mode));
  disk.power_cut();
  EXPECT_EQ(disk.read_file("conf", 10).value(), "newer");
}

TEST(MemoryDisk, undoes_unsynced_renames_and_removals_from_the_last_on) {
  std::set<std::vector<std::string>> seen;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MemoryDisk disk(seed);
    for (const char* name : {"a", "b"}) ASSERT_TRUE(disk.write_file(name, name, mode));
    ASSERT_TRUE(disk.rename("a", "c"));
    ASSERT_TRUE(disk.remove("b"));
    disk.power_cut();
    seen.insert(disk.list(".").value());
  }
  EXPECT_EQ(seen, (std::set<std::vector<std::string>>{{"a", "b"}, {"b", "c"}, {"c"}}));
}

TEST(MemoryDisk, keeps_the_name_of_a_new_file_with_its_first_sync) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    MemoryDisk disk(seed);
    auto old = opened(disk, "log");
    ASSERT_TRUE(disk.rename("log", "log.1"));
    auto file = opened(disk, "log");
    ASSERT_TRUE(file->append("x"));
    ASSERT_TRUE(file->sync());
    disk.power_cut();
    EXPECT_EQ(disk.read_file("log", 10).value(), "x");
    EXPECT_TRUE(disk.exists("log.1"));
  }
}

TEST(MemoryDisk, runs_full_in_the_middle_of_an_append) {
  MemoryDisk disk(1);
  disk.set_free_octets(5);
  auto file = opened(disk, "log");
  ASSERT_TRUE(file->append("abc"));
  auto second = file->append("def");
  EXPECT_EQ(second.error().code(), ErrorCode::resource_exhausted);
  EXPECT_EQ(disk.read_file("log", 10).value(), "abcde");
  EXPECT_EQ(disk.free_octets("log").value(), 0u);
}

TEST(MemoryDisk, fails_one_append_when_told_to) {
  MemoryDisk disk(1);
  auto file = opened(disk, "log");
  disk.fail_next_append(EIO);
  EXPECT_EQ(file->append("a").error().code(), ErrorCode::io_failure);
  EXPECT_TRUE(file->append("a"));
}

TEST(MemoryDisk, lists_files_and_folders_of_one_folder) {
  MemoryDisk disk(1);
  ASSERT_TRUE(disk.make_folders("/var/lib/w", 0700));
  ASSERT_TRUE(disk.write_file("/var/lib/w/b", "", mode));
  ASSERT_TRUE(disk.write_file("/var/lib/w/a", "", mode));
  EXPECT_EQ(disk.list("/var/lib/w").value(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(disk.list("/var/lib").value(), std::vector<std::string>{"w"});
  EXPECT_TRUE(disk.list("/nowhere").value().empty());
  EXPECT_EQ(disk.open_append("/nowhere/x", mode).error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace waypost::io
