#include "queue/asked_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::queue {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string read(std::string_view text) {
  const Result<WallTime> time = parse_asked_time(text);
  return time ? base::to_rfc3339(*time) : "";
}

TEST(AskedTime, is_rfc_3339_with_any_offset) {
  EXPECT_EQ(read("2026-11-21T09:00:00Z"), "2026-11-21T09:00:00.000000Z");
  EXPECT_EQ(read("2026-11-21t09:00:00.5z"), "2026-11-21T09:00:00.500000Z");
  EXPECT_EQ(read("2026-11-21T10:00:00+01:00"), "2026-11-21T09:00:00.000000Z");
  EXPECT_EQ(read("2026-11-20T22:30:00-10:30"), "2026-11-21T09:00:00.000000Z");
  EXPECT_EQ(read("2026-11-21T09:00:00-00:00"), "2026-11-21T09:00:00.000000Z");
}

TEST(AskedTime, says_which_form_it_has_where_it_has_another) {
  for (const char* text :
       {"", "in 1 hour", "tomorrow at 9am", "2026-11-21", "2026-11-21T09:00:00", "1795000000",
        "2026-11-21T09:00Z", "2026-11-21T09:00:00+1:00", "2026-11-21T09:00:00+24:00",
        "2026-11-21T09:00:00+00:60", "2026-13-21T09:00:00Z", "2026-11-21T09:00:00Z+01:00",
        "2026-11-21T09:00:00+01:00Z", "+01:00", "2026-11-21T09:00:00 01:00"}) {
    const Result<WallTime> time = parse_asked_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code(), ErrorCode::invalid_input);
    EXPECT_THAT(time.error().message(), HasSubstr("2026-11-21T10:00:00+01:00")) << text;
  }
}

TEST(AskedTime, is_at_once_where_it_is_over_or_comes_within_seconds) {
  const WallTime now(1'795'000'000s);
  EXPECT_EQ(time_to_wait_for(now - 24h, now), WallTime());
  EXPECT_EQ(time_to_wait_for(now + 2s, now), WallTime());
  EXPECT_EQ(time_to_wait_for(WallTime(), now), WallTime());
  EXPECT_EQ(time_to_wait_for(now + 3s, now), now + 3s);
}

TEST(AskedTime, is_at_most_30_days_ahead) {
  const WallTime now(1'795'000'000s);
  EXPECT_EQ(time_to_wait_for(now + 720h, now), now + 720h);
  EXPECT_EQ(time_to_wait_for(now + 720h + 1us, now).error().code(), ErrorCode::invalid_input);
  EXPECT_FALSE(time_to_wait_for(*parse_asked_time("9999-12-31T23:59:59Z"), now));
  EXPECT_EQ(time_to_wait_for(*parse_asked_time("0000-01-01T00:00:00Z"), now), WallTime());
}

}  // namespace
}  // namespace waypost::queue
