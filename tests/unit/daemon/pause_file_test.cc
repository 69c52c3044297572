#include "daemon/pause_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/memory_disk.h"

namespace waypost::daemon {
namespace {

using queue::Pause;
using queue::ScopeKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* path = "/data/pauses.json";
const WallTime now = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

const Pause forever{{ScopeKind::everything, ""}, "ann", "a \"reason\" \xc3\xa9", now, std::nullopt};
const Pause an_hour{
    {ScopeKind::sender_domain, "example.com"}, "", "", now, now + std::chrono::hours(1)};

class PauseFileTest : public testing::Test {
 protected:
  PauseFileTest() { EXPECT_TRUE(disk_.make_folders("/data", 0700)); }
  void write(std::string_view octets) { EXPECT_TRUE(save_list(disk_, path, octets)); }
  Kept<Pause> load(Duration later = {}) {
    return load_pauses(disk_, path,
                       now + std::chrono::duration_cast<std::chrono::microseconds>(later));
  }
  io::MemoryDisk disk_{1};
};

TEST_F(PauseFileTest, gives_back_what_was_written) {
  write(encode_pauses({forever, an_hour}));
  Kept<Pause> kept = load();
  EXPECT_EQ(kept.trouble, "");
  EXPECT_THAT(kept.list, ElementsAre(forever, an_hour));
}

TEST_F(PauseFileTest, leaves_out_what_has_ended) {
  write(encode_pauses({forever, an_hour}));
  EXPECT_THAT(load(std::chrono::hours(1)).list, ElementsAre(forever));
}

TEST_F(PauseFileTest, is_no_trouble_when_it_was_never_written) {
  Kept<Pause> kept = load();
  EXPECT_EQ(kept.trouble, "");
  EXPECT_THAT(kept.list, IsEmpty());
}

TEST_F(PauseFileTest, lasts_over_a_power_cut) {
  write(encode_pauses({forever}));
  disk_.power_cut();
  EXPECT_THAT(load().list, ElementsAre(forever));
}

TEST_F(PauseFileTest, is_set_aside_and_said_when_it_is_damaged) {
  const std::string good = encode_pauses({forever, an_hour});
  for (const std::string& damaged :
       {std::string(), std::string("{}"), good.substr(0, good.size() / 2), std::string(50, '\0'),
        std::string(R"({"v":2,"pauses":[]})"), std::string(R"({"v":1,"pauses":[1]})"),
        std::string(R"({"v":1,"pauses":[{"scope":"domain","name":"x.example"}]})")}) {
    write(damaged);
    Kept<Pause> kept = load();
    EXPECT_THAT(kept.trouble, HasSubstr("cannot be read")) << damaged;
    EXPECT_THAT(kept.list, IsEmpty());
    EXPECT_FALSE(disk_.exists(path));
    EXPECT_EQ(*disk_.read_file(std::string(path) + ".damaged", 1000), damaged);
  }
}

}  // namespace
}  // namespace waypost::daemon
