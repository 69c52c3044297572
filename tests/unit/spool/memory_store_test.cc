#include "spool/memory_store.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/unit/spool/samples.h"
#include "tests/unit/spool/test_loop.h"

namespace waypost::spool {
namespace {

using std::chrono::milliseconds;

class MemoryStoreTest : public testing::Test {
 protected:
  explicit MemoryStoreTest(Mutation mutation = Mutation::none)
      : medium_({milliseconds(2), mutation}) {
    open();
  }

  void open() {
    spool_.reset();
    store_ = std::make_unique<MemoryStore>(medium_, loop_);
    spool_ = make_spool(*store_, loop_);
  }

  io::Task<void> accept(uint32_t n) {
    auto result = co_await spool_->commit(sample_envelope(n, 1), chunk_list(sample_chunk(n, 0)));
    result ? ++accepted_ : ++failed_;
    if (!result) last_error_ = result.error().code();
  }

  size_t left_after_restart() {
    group_ = std::make_unique<io::TaskGroup>();
    open();
    return recover(*spool_).messages.size();
  }

  TestLoop loop_{Time::simulated};
  SpoolMedium medium_;
  std::unique_ptr<BatchStore> store_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<io::TaskGroup> group_ = std::make_unique<io::TaskGroup>();
  size_t accepted_ = 0;
  size_t failed_ = 0;
  ErrorCode last_error_{};
};

TEST_F(MemoryStoreTest, lets_commits_that_arrive_meanwhile_share_the_next_sync) {
  group_->start(accept(1));
  loop_.run_for(milliseconds(1));
  for (uint32_t n = 2; n <= 10; ++n) group_->start(accept(n));
  loop_.run_for(milliseconds(10));
  EXPECT_EQ(accepted_, 10u);
  EXPECT_EQ(medium_.syncs(), 2u);
}

TEST_F(MemoryStoreTest, does_not_answer_before_the_sync) {
  group_->start(accept(1));
  loop_.run_for(milliseconds(1));
  EXPECT_EQ(accepted_, 0u);
  loop_.run_for(milliseconds(2));
  EXPECT_EQ(accepted_, 1u);
}

TEST_F(MemoryStoreTest, forgets_at_a_kill_only_what_was_not_written) {
  group_->start(accept(1));
  loop_.run_for(milliseconds(1));  // written, not synced
  group_->start(accept(2));        // waits for that sync
  medium_.kill();
  loop_.run_for(milliseconds(50));
  EXPECT_EQ(accepted_, 0u);
  EXPECT_EQ(left_after_restart(), 1u);
}

TEST_F(MemoryStoreTest, keeps_what_was_synced_through_a_power_cut) {
  size_t kept_unsynced = 0;
  for (uint32_t round = 0; round < 20; ++round) {
    loop_.run(accept(2 * round));
    group_->start(accept(2 * round + 1));
    loop_.run_for(milliseconds(1));
    size_t before = 1 + round + kept_unsynced;
    medium_.power_cut(loop_.rng());
    size_t left = left_after_restart();
    ASSERT_TRUE(left == before || left == before + 1);
    kept_unsynced += left - before;
  }
  EXPECT_GT(kept_unsynced, 0u);
  EXPECT_LT(kept_unsynced, 20u);
}

TEST_F(MemoryStoreTest, syncs_updates_within_their_delay) {
  loop_.run(accept(1));
  RecipientProgress settled;
  settled.settled = true;
  ASSERT_TRUE(loop_.run(spool_->update(sample_id(1), {{0, settled}}, Durability::bounded)));
  EXPECT_EQ(medium_.syncs(), 1u);
  loop_.run_for(update_sync_delay_max);
  EXPECT_EQ(medium_.syncs(), 2u);
  medium_.power_cut(loop_.rng());
  open();
  EXPECT_TRUE(recover(*spool_).messages.at(0).progress.at(0).settled);
}

TEST_F(MemoryStoreTest, is_unhealthy_for_good_after_a_failed_sync) {
  medium_.fail_next_sync();
  group_->start(accept(1));
  loop_.run_for(milliseconds(1));
  group_->start(accept(2));
  loop_.run_for(milliseconds(10));
  EXPECT_EQ(failed_, 2u);
  EXPECT_EQ(last_error_, ErrorCode::unavailable);
  EXPECT_FALSE(spool_->healthy());
  open();
  loop_.run(accept(3));
  EXPECT_EQ(accepted_, 1u);
}

TEST_F(MemoryStoreTest, reports_a_full_disk) {
  medium_.fail_next_write();
  loop_.run(accept(1));
  EXPECT_EQ(last_error_, ErrorCode::resource_exhausted);
  EXPECT_FALSE(spool_->healthy());
}

TEST_F(MemoryStoreTest, may_be_destroyed_before_or_after_what_awaits_it) {
  group_->start(accept(1));
  group_->start(accept(2));
  loop_.run_for(milliseconds(1));
  spool_.reset();
  store_.reset();
  loop_.run_for(milliseconds(10));
  group_.reset();

  open();
  group_ = std::make_unique<io::TaskGroup>();
  group_->start(accept(3));
  loop_.run_until([this] { return medium_.syncs() > 0; });  // the answer is posted, not given
  group_.reset();
  loop_.run_for(milliseconds(10));
  EXPECT_EQ(accepted_, 0u);
}

class MutatedStoreTest : public MemoryStoreTest {
 protected:
  MutatedStoreTest() : MemoryStoreTest(Mutation::acknowledge_before_sync) {}
};

TEST_F(MutatedStoreTest, loses_accepted_mail_when_told_to) {
  size_t lost = 0;
  for (uint32_t n = 0; n < 20; ++n) {
    group_->start(accept(n));
    loop_.run_until([&] { return accepted_ == n + 1; });
    medium_.power_cut(loop_.rng());
    lost = n + 1 - left_after_restart();
  }
  EXPECT_GT(lost, 0u);
}

}  // namespace
}  // namespace waypost::spool
