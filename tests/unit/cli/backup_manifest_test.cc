#include "cli/backup_manifest.h"

#include <gtest/gtest.h>

namespace waypost::cli {
namespace {

BackupManifest sample() {
  BackupManifest manifest;
  manifest.made_at = WallTime(std::chrono::seconds(1'800'000'000));
  manifest.whole = true;
  manifest.messages = 3;
  manifest.waiting = 4;
  manifest.files = {{"spool/000012.sst", 17, std::string(64, 'a')},
                    {"records/events/events-20261121T090807.123Z-1.jsonl", 0, std::string(64, '0')},
                    {"pauses.json", 5, std::string(64, 'f')},
                    {"keys/shop.example.toml", 9, std::string(64, 'b')},
                    {"keys/shop.example/r1.pem", 9, std::string(64, 'c')}};
  return manifest;
}

TEST(BackupManifest, is_read_as_it_was_written) {
  auto parsed = parse_manifest(encode(sample()));
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(parsed->made_at, sample().made_at);
  EXPECT_TRUE(parsed->whole);
  EXPECT_EQ(parsed->messages, 3u);
  EXPECT_EQ(parsed->waiting, 4u);
  ASSERT_EQ(parsed->files.size(), 5u);
  EXPECT_EQ(parsed->files[0].path, "spool/000012.sst");
  EXPECT_EQ(parsed->files[0].octets, 17u);
}

TEST(BackupManifest, refuses_a_path_that_leads_elsewhere) {
  for (const char* path : {"",
                           "/",
                           "/etc/passwd",
                           "..",
                           "../x",
                           "spool",
                           "spool/",
                           "spool/..",
                           "spool/../x",
                           "spool/a/b",
                           "records/events/../keys.db",
                           "records/.hidden",
                           "other/x",
                           "spool/a\\b",
                           "spool/a b",
                           "waypost.toml",
                           "spool/a\n",
                           "keys/",
                           "keys/x.pem",
                           "keys/../x.pem",
                           "keys/a/b/x.pem",
                           "keys/a/../x.pem",
                           "keys/a/x.toml",
                           "keys/a/.pem"}) {
    BackupManifest manifest = sample();
    manifest.files[0].path = path;
    auto parsed = parse_manifest(encode(manifest));
    ASSERT_FALSE(parsed) << path;
    EXPECT_EQ(parsed.error().code(), ErrorCode::corrupt) << path;
  }
}

TEST(BackupManifest, refuses_what_is_not_one) {
  for (const char* text : {"", "[]", "{}", "{\"v\":1}", "{\"v\":\"1\"}", "\xff",
                           "{\"v\":1,\"made_at\":\"x\",\"whole\":true,\"files\":[]}",
                           "{\"v\":1,\"made_at\":\"2026-11-21T00:00:00Z\",\"whole\":true,"
                           "\"files\":[{\"path\":\"spool/x\",\"octets\":-1,\"sha256\":\"\"}]}"})
    EXPECT_FALSE(parse_manifest(text)) << text;
  EXPECT_EQ(parse_manifest("{\"v\":2}").error().code(), ErrorCode::unavailable);
  BackupManifest manifest = sample();
  manifest.files[1].sha256 = std::string(63, '0') + "G";
  EXPECT_FALSE(parse_manifest(encode(manifest)));
}

}  // namespace
}  // namespace waypost::cli
