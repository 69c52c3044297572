#include "io/drop_folder.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace waypost::io {
namespace {

namespace files = std::filesystem;
using std::chrono::hours;

class DropFolderTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(drop_.prepare("")); }

  files::path begun(const std::string& name) { return files::path(folder_ / "tmp") / name; }
  void leave(const files::path& path, hours ago) {
    std::ofstream(path) << "MAIL FROM:<a@example.org>\r\n";
    files::last_write_time(path, files::file_time_type::clock::now() - ago);
  }
  static WallTime ago(hours age) {
    return std::chrono::floor<WallTime::duration>(std::chrono::system_clock::now()) - age;
  }

  test::TemporaryFolder folder_;
  DropFolder drop_{folder_.path()};
};

TEST_F(DropFolderTest, sweeps_what_somebody_began_long_ago_and_nothing_else) {
  leave(begun("old"), hours(30));
  leave(begun("young"), hours(2));
  leave(files::path(folder_ / "new") / "whole", hours(30));
  leave(files::path(folder_ / "refused") / "refused", hours(30));
  files::create_directory(begun("folder"));
  files::last_write_time(begun("folder"), files::file_time_type::clock::now() - hours(30));
  EXPECT_TRUE(drop_.sweep_begun(ago(hours(24))));
  EXPECT_FALSE(files::exists(begun("old")));
  for (const char* kept : {"tmp/young", "new/whole", "refused/refused", "tmp/folder"})
    EXPECT_TRUE(files::exists(folder_ / kept)) << kept;
}

TEST_F(DropFolderTest, sweeps_a_link_and_not_what_it_leads_to) {
  leave(folder_ / "elsewhere", hours(30));
  files::create_symlink(folder_ / "elsewhere", begun("link"));
  EXPECT_TRUE(drop_.sweep_begun(ago(hours(-1))));
  EXPECT_FALSE(files::is_symlink(begun("link")));
  EXPECT_TRUE(files::exists(folder_ / "elsewhere"));
}

TEST_F(DropFolderTest, says_when_there_is_nothing_to_sweep_in) {
  files::remove_all(folder_ / "tmp");
  EXPECT_FALSE(drop_.sweep_begun(ago(hours(24))));
}

}  // namespace
}  // namespace waypost::io
