#include "spool/handover.h"

#include <atomic>

#include <gtest/gtest.h>

#include "io/worker.h"

namespace waypost::spool {
namespace {

TEST(Handover, gives_everything_in_order_whoever_is_faster) {
  for (int count : {0, 1, 255, 256, 257, 20'000}) {
    Handover<int> handover;
    io::Worker maker("maker");
    maker.submit([&] {
      for (int i = 0; i < count; ++i) handover.give(i);
      handover.end();
    });
    int expected = 0;
    for (auto lot = handover.take(); !lot.empty(); lot = handover.take())
      for (int value : lot) EXPECT_EQ(value, expected++);
    EXPECT_EQ(expected, count);
    EXPECT_TRUE(handover.take().empty());
  }
}

TEST(Handover, keeps_no_more_than_a_few_lots_that_nobody_takes) {
  Handover<int> handover;
  std::atomic<int> given = 0;
  io::Worker maker("maker");
  maker.submit([&] {
    for (; given < 100'000; ++given) handover.give(given);
    handover.end();
  });
  size_t taken = 0;
  for (auto lot = handover.take(); !lot.empty(); lot = handover.take()) {
    taken += lot.size();
    EXPECT_LE(given - int(taken), 10 * 256);
  }
  EXPECT_EQ(taken, 100'000u);
}

}  // namespace
}  // namespace waypost::spool
