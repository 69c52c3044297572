#include "shaping/quota.h"

#include <random>

#include <gtest/gtest.h>

namespace waypost::shaping {
namespace {

using namespace std::chrono_literals;

const Instant start = Instant(1000h);

// The most that went in any span as long as the window.
size_t busiest(const std::vector<Instant>& went, Duration window) {
  size_t most = 0;
  for (size_t first = 0, next = 0; first < went.size(); ++first) {
    while (next < went.size() && went[next] < went[first] + window) ++next;
    most = std::max(most, next - first);
  }
  return most;
}

TEST(Quota, lets_a_windowful_through_at_once_and_the_next_one_when_that_has_left) {
  Quota quota(1h, 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(quota.free_at(start), start);
    quota.take(start);
  }
  EXPECT_EQ(quota.used(start), 3u);
  EXPECT_EQ(quota.free_at(start + 1min), start + 1h);
  EXPECT_EQ(quota.used(start + 1h), 0u);
  EXPECT_EQ(quota.free_at(start + 1h), start + 1h);
}

TEST(Quota, of_zero_counts_nothing_and_holds_nothing) {
  Quota quota(1h, 0);
  for (int i = 0; i < 100; ++i) quota.take(start);
  EXPECT_EQ(quota.used(start), 0u);
  EXPECT_EQ(quota.free_at(start, 1000), start);
}

TEST(Quota, never_lets_more_through_in_any_window_and_little_less) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    Quota quota(1h, 1 + random() % 200);
    std::vector<Instant> went;
    Instant now = start;
    while (now < start + 24h) {
      if (quota.free_at(now) <= now) {
        quota.take(now);
        went.push_back(now);
      }
      // Bursts and lulls.
      now += random() % 10 == 0 ? Duration(random() % uint64_t(Duration(20min).count()))
                                : Duration(random() % uint64_t(Duration(2s).count()));
    }
    EXPECT_LE(busiest(went, 1h), quota.most()) << seed;
  }
}

TEST(Quota, used_to_the_full_gives_up_a_sixtieth_at_most) {
  Quota quota(1h, 6000);
  size_t went = 0;
  for (Instant now = start; now < start + 24h; now += 1s)
    for (; quota.free_at(now) <= now; ++went) quota.take(now);
  EXPECT_GE(went, size_t(24 * 6000 * 59 / 60));
}

TEST(Quota, says_when_so_many_places_are_free) {
  Quota quota(1h, 4);
  quota.take(start);
  quota.take(start + 10min);
  quota.take(start + 20min);
  const Instant now = start + 30min;
  EXPECT_EQ(quota.free_at(now, 1), now);
  EXPECT_EQ(quota.free_at(now, 2), start + 60min);
  EXPECT_EQ(quota.free_at(now, 4), start + 80min);
  EXPECT_EQ(quota.free_at(now, 5), now + 1h) << "a windowful more, behind the first";
  EXPECT_EQ(quota.free_at(now, 8), start + 80min + 1h);
  EXPECT_GT(quota.free_at(now, UINT64_MAX), now);
}

TEST(Quota, tells_no_lie_when_its_limit_falls_below_what_went) {
  Quota quota(1h, 100);
  for (int i = 0; i < 100; ++i) quota.take(start + i * 1min / 2);
  quota.set_most(10);
  const Instant now = start + 50min;
  EXPECT_EQ(quota.used(now), 100u);
  EXPECT_GT(quota.free_at(now), now + 1min);
  quota.set_most(101);
  EXPECT_EQ(quota.free_at(now), now);
}

TEST(Quota, goes_on_with_what_an_earlier_life_counted) {
  Quota before(1h, 10);
  for (int i = 0; i < 10; ++i) before.take(start + i * 3min);
  Quota after(1h, 10);
  for (const Quota::Part& part : before.parts()) after.restore(part.last, part.count);
  for (Instant now = start + 27min; now < start + 2h; now += 7s) {
    EXPECT_EQ(after.used(now), before.used(now));
    EXPECT_EQ(after.free_at(now), before.free_at(now));
  }
  EXPECT_EQ(after.empty_at(), before.empty_at());
}

TEST(Quota, takes_bounded_memory_and_forgets_nothing_too_early_however_often_it_is_restored) {
  Quota quota(1h, 1'000'000);
  for (int i = 0; i < 1000; ++i) quota.restore(start + i * 1s, 1);
  EXPECT_LE(quota.parts().size(), size_t(Quota::parts_a_window + 2));
  EXPECT_EQ(quota.used(start + 1000s), 1000u);
  EXPECT_EQ(quota.used(start + 2h), 0u);
}

TEST(Quota, survives_times_that_a_damaged_clock_has_left_out_of_order) {
  Quota quota(1h, 10);
  quota.restore(start + 5min, 3);
  quota.restore(start, 4);
  EXPECT_EQ(quota.used(start + 1h), 7u) << "it counts for longer rather than shorter";
  EXPECT_EQ(quota.used(start + 65min), 0u);
}

}  // namespace
}  // namespace waypost::shaping
