#include "spool/held_content.h"

#include <gtest/gtest.h>

#include "tests/unit/spool/samples.h"

namespace waypost::spool {
namespace {

using namespace std::chrono_literals;

constexpr size_t room = 10'000;
constexpr Duration patience = 5s;
constexpr Instant start{};

std::vector<Chunk> chunks_of(uint32_t n, size_t octets) {
  std::vector<Chunk> chunks = chunk_list(sample_chunk(n, 0, 10));
  chunks.push_back(sample_chunk(n, 1, octets));
  return chunks;
}

TEST(HeldContent, gives_each_chunk_once) {
  HeldContent held(room, patience);
  held.hold(sample_id(1), chunks_of(1, 1000), start);
  EXPECT_EQ(held.take(sample_id(1), 1), sample_octets(1, 1, 1000));
  EXPECT_EQ(held.take(sample_id(1), 1), std::nullopt);
  EXPECT_EQ(held.take(sample_id(1), 0), sample_octets(1, 0, 10));
  EXPECT_EQ(held.take(sample_id(1), 0), std::nullopt);
  EXPECT_EQ(held.octets(), 0u);
}

TEST(HeldContent, knows_nothing_of_others) {
  HeldContent held(room, patience);
  held.hold(sample_id(1), chunks_of(1, 1000), start);
  EXPECT_EQ(held.take(sample_id(2), 0), std::nullopt);
  EXPECT_EQ(held.take(sample_id(1), 7), std::nullopt);
}

// Under load what came first is read first: were it to make way, nothing would ever be found here.
TEST(HeldContent, keeps_what_came_first_when_there_is_no_room) {
  HeldContent held(room, patience);
  for (uint32_t n = 0; n < 100; ++n) {
    held.hold(sample_id(n), chunks_of(n, 1000), start);
    EXPECT_LE(held.octets(), room);
  }
  EXPECT_EQ(held.take(sample_id(0), 1), sample_octets(0, 1, 1000));
  EXPECT_EQ(held.take(sample_id(99), 1), std::nullopt);
}

TEST(HeldContent, lets_go_what_nobody_reads) {
  HeldContent held(room, patience);
  for (uint32_t n = 0; n < 100; ++n) held.hold(sample_id(n), chunks_of(n, 1000), start);
  held.hold(sample_id(100), chunks_of(100, 1000), start + patience);
  EXPECT_EQ(held.take(sample_id(100), 1), std::nullopt);
  held.hold(sample_id(101), chunks_of(101, 1000), start + patience + 1ms);
  EXPECT_EQ(held.take(sample_id(101), 1), sample_octets(101, 1, 1000));
  EXPECT_EQ(held.take(sample_id(0), 1), std::nullopt);
  EXPECT_EQ(held.octets(), 266u);
}

TEST(HeldContent, forgets_what_is_gone) {
  HeldContent held(room, patience);
  held.hold(sample_id(1), chunks_of(1, 1000), start);
  held.forget(sample_id(1));
  held.forget(sample_id(2));
  EXPECT_EQ(held.take(sample_id(1), 1), std::nullopt);
  EXPECT_EQ(held.octets(), 0u);
}

TEST(HeldContent, takes_no_more_room_than_it_has) {
  HeldContent held(room, patience);
  held.hold(sample_id(1), chunks_of(1, 1000), start);
  held.hold(sample_id(2), chunks_of(2, room), start);
  EXPECT_EQ(held.take(sample_id(2), 1), std::nullopt);
  EXPECT_EQ(held.take(sample_id(1), 1), sample_octets(1, 1, 1000));
  EXPECT_TRUE(HeldContent::copy_of_small(chunks_of(1, 65'537)).empty());
}

}  // namespace
}  // namespace waypost::spool
