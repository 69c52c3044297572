#include "io/rng.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

namespace waypost::io {
namespace {

TEST(SeededRng, repeats_itself_for_one_seed_only) {
  SeededRng a(7), b(7), c(8);
  uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
  EXPECT_EQ(SeededRng(1).next(), 2469588189546311528u);
}

TEST(SeededRng, fills_lengths_that_are_no_multiple_of_eight) {
  SeededRng rng(3);
  for (size_t size : {0, 1, 7, 8, 9, 23}) {
    std::vector<uint8_t> octets(size + 1, 0xaa);
    rng.fill(std::span(octets).first(size));
    EXPECT_EQ(octets.back(), 0xaa);
  }
}

TEST(Rng, is_uniform_from_zero_to_one) {
  SeededRng rng(5);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    double value = rng.uniform();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.01);
}

TEST(SystemRng, gives_something_else_each_time) {
  SystemRng rng;
  std::array<uint8_t, 32> a{}, b{};
  rng.fill(a);
  rng.fill(b);
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace waypost::io
