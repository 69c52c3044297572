#include "daemon/asked_limit_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/memory_disk.h"

namespace waypost::daemon {
namespace {

using queue::AskedLimit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* path = "/data/limits.json";
const WallTime now = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

AskedLimit limit(std::string site, std::chrono::hours lasts) {
  AskedLimit made;
  made.site = std::move(site);
  made.connections = 2;
  made.messages_per_second = 0.1;
  made.messages_per_day = 1'000'000'000;
  made.by = "ann";
  made.reason = "a \"reason\" \xc3\xa9";
  made.since = now;
  made.until = now + lasts;
  return made;
}
const AskedLimit an_hour = limit("google", std::chrono::hours(1));
const AskedLimit a_day = limit("mx.example.net:587/Login", std::chrono::hours(24));

class AskedLimitFileTest : public testing::Test {
 protected:
  AskedLimitFileTest() { EXPECT_TRUE(disk_.make_folders("/data", 0700)); }
  void write(std::string_view octets) { EXPECT_TRUE(save_list(disk_, path, octets)); }
  std::string both() const {
    return encode_asked_limits({{an_hour.site, an_hour}, {a_day.site, a_day}});
  }
  io::MemoryDisk disk_{1};
};

TEST_F(AskedLimitFileTest, gives_back_what_was_written_also_after_a_power_cut) {
  write(both());
  disk_.power_cut();
  Kept<AskedLimit> kept = load_asked_limits(disk_, path, now);
  EXPECT_EQ(kept.trouble, "");
  EXPECT_THAT(kept.list, ElementsAre(an_hour, a_day));
}

TEST_F(AskedLimitFileTest, leaves_out_what_has_ended) {
  write(both());
  EXPECT_THAT(load_asked_limits(disk_, path, an_hour.until).list, ElementsAre(a_day));
}

TEST_F(AskedLimitFileTest, lets_none_last_longer_because_a_clock_was_set_back) {
  write(both());
  const WallTime earlier = now - std::chrono::hours(24 * 365);
  Kept<AskedLimit> kept = load_asked_limits(disk_, path, earlier);
  ASSERT_EQ(kept.list.size(), 2u);
  for (const AskedLimit& each : kept.list) {
    EXPECT_EQ(each.until, earlier + std::chrono::hours(24 * 7));
    EXPECT_TRUE(queue::check(each)) << "the next start would take its own file for damaged";
  }
}

TEST_F(AskedLimitFileTest, is_no_trouble_when_it_was_never_written) {
  Kept<AskedLimit> kept = load_asked_limits(disk_, path, now);
  EXPECT_EQ(kept.trouble, "");
  EXPECT_THAT(kept.list, IsEmpty());
}

TEST_F(AskedLimitFileTest, is_set_aside_and_said_when_it_is_damaged) {
  AskedLimit for_ever = an_hour;
  for_ever.until += std::chrono::hours(24 * 8);
  for (const std::string& damaged :
       {std::string(), std::string("{}"), both().substr(0, both().size() / 2),
        std::string(50, '\0'), std::string(R"({"v":2,"limits":[]})"),
        std::string(R"({"v":1,"limits":[1]})"), std::string(R"({"v":1,"pauses":[]})"),
        encode_asked_limits({{for_ever.site, for_ever}})}) {
    write(damaged);
    Kept<AskedLimit> kept = load_asked_limits(disk_, path, now);
    EXPECT_THAT(kept.trouble, HasSubstr("no limit that a person set")) << damaged;
    EXPECT_THAT(kept.list, IsEmpty());
    EXPECT_EQ(*disk_.read_file(std::string(path) + ".damaged", 1000), damaged);
  }
}

}  // namespace
}  // namespace waypost::daemon
