#include "delivery/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/memory_disk.h"
#include "tests/temporary_folder.h"

namespace waypost::delivery {
namespace {

using testing::HasSubstr;

TEST(SecretFile, holds_one_line) {
  fakes::MemoryDisk disk;
  for (const char* text : {"secret", "secret\n", "secret\r\n"}) {
    disk.files["/s"] = text;
    auto secret = read_secret_file(disk, "/s");
    ASSERT_TRUE(secret) << text;
    EXPECT_EQ(secret->reveal(), "secret");
  }
  for (const char* text : {"", "\n", "one\ntwo\n"}) {
    disk.files["/s"] = text;
    EXPECT_FALSE(read_secret_file(disk, "/s")) << text;
  }
  EXPECT_EQ(read_secret_file(disk, "/absent").error().code(), ErrorCode::not_found);
}

TEST(SecretFile, that_all_users_may_read_is_refused_with_the_remedy) {
  test::TemporaryFolder folder;
  auto disk = io::make_system_disk();
  std::string path = folder / "secret";
  ASSERT_TRUE(disk->write_file(path, "secret\n", 0600));
  EXPECT_TRUE(read_secret_file(*disk, path));
  std::string open_path = folder / "open";
  ASSERT_TRUE(disk->write_file(open_path, "secret\n", 0604));
  auto refused = read_secret_file(*disk, open_path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::permission_denied);
  EXPECT_THAT(refused.error().describe(), HasSubstr("chmod o= " + open_path));
}

}  // namespace
}  // namespace waypost::delivery
