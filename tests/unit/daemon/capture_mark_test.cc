#include "daemon/capture_mark.h"

#include <gtest/gtest.h>

#include "config/data_paths.h"
#include "io/memory_disk.h"

namespace waypost::daemon {
namespace {

constexpr const char* folder = "/data";

TEST(ClaimDataFolder, a_capture_takes_an_empty_folder_and_its_own_again) {
  io::MemoryDisk disk{1};
  EXPECT_TRUE(claim_data_folder(disk, folder, true));
  ASSERT_TRUE(disk.make_folders(config::DataPaths(folder).spool, 0700));
  EXPECT_TRUE(claim_data_folder(disk, folder, true));
}

TEST(ClaimDataFolder, a_relay_that_sends_never_takes_what_was_captured) {
  io::MemoryDisk disk{1};
  ASSERT_TRUE(claim_data_folder(disk, folder, true));
  const auto claimed = claim_data_folder(disk, folder, false);
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().code(), ErrorCode::invalid_input);
  EXPECT_NE(claimed.error().describe().find("must not be sent"), std::string::npos);
}

TEST(ClaimDataFolder, a_capture_never_takes_the_queue_of_a_relay_that_sends) {
  io::MemoryDisk disk{1};
  EXPECT_TRUE(claim_data_folder(disk, folder, false));
  ASSERT_TRUE(disk.make_folders(config::DataPaths(folder).spool, 0700));
  EXPECT_TRUE(claim_data_folder(disk, folder, false));
  EXPECT_FALSE(claim_data_folder(disk, folder, true));
  // Nothing was written by the one that was refused.
  EXPECT_TRUE(claim_data_folder(disk, folder, false));
}

}  // namespace
}  // namespace waypost::daemon
