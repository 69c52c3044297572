// What every Spool promises, held against the one on disk and the one of the simulator.
#include <functional>
#include <memory>

#include <gtest/gtest.h>

#include "spool/memory_store.h"
#include "spool/rocks_store.h"
#include "tests/unit/spool/samples.h"
#include "tests/unit/spool/test_loop.h"

namespace waypost::spool {
namespace {

enum class Kind { rocks, memory };

class SpoolContract : public testing::TestWithParam<Kind> {
 protected:
  SpoolContract() { open(); }

  void open() {
    spool_.reset();
    store_.reset();
    if (GetParam() == Kind::rocks) {
      RocksOptions options;
      options.path = folder_.path() + "/spool";
      auto store = RocksStore::open(options);
      ASSERT_TRUE(store) << store.error().describe();
      store_ = *std::move(store);
    } else {
      medium_.kill();
      store_ = std::make_unique<MemoryStore>(medium_, loop_);
    }
    spool_ = make_spool(*store_, loop_);
  }

  // Behind the spool's back, through the store.
  Result<void> put(Family family, std::string key, std::string value) {
    Batch batch;
    batch.operations.push_back({Operation::Kind::put, family, std::move(key), std::move(value)});
    batch.durability = Durability::before_answer;
    batch.loop = &loop_;
    return loop_.run(submit(*store_, std::move(batch)));
  }
  static io::Task<Result<void>> submit(BatchStore& store, Batch batch) {
    Awaited<Result<void>> written;
    batch.answer = written.answer();
    store.submit(std::move(batch));
    co_return co_await written;
  }

  void accept(uint32_t n, uint32_t recipients = 1) {
    auto result = loop_.run(
        spool_->commit(sample_envelope(n, 1, recipients), chunk_list(sample_chunk(n, 0))));
    ASSERT_TRUE(result) << result.error().describe();
  }

  size_t count(Family family) {
    size_t keys = 0;
    auto cursor = store_->scan(family);
    for (cursor->seek({}); cursor->valid(); cursor->next()) ++keys;
    return keys;
  }

  TemporaryFolder folder_;
  TestLoop loop_{GetParam() == Kind::rocks ? Time::real : Time::simulated};
  SpoolMedium medium_;
  std::unique_ptr<BatchStore> store_;
  std::unique_ptr<Spool> spool_;
};

TEST_P(SpoolContract, gives_a_committed_message_back_after_a_restart) {
  Envelope envelope = sample_envelope(1, 2, 3);
  envelope.tags = {"welcome", "\xff not UTF-8"};
  envelope.metadata = {{"order", "4711"}};
  std::vector<Chunk> chunks;
  chunks.push_back(sample_chunk(1, 0));
  chunks.push_back(sample_chunk(1, 1));
  ASSERT_TRUE(loop_.run(spool_->commit(envelope, std::move(chunks))));
  open();
  auto recovered = recover(*spool_);
  ASSERT_TRUE(recovered.result);
  ASSERT_EQ(recovered.messages.size(), 1u);
  const StoredMessage& message = recovered.messages.front();
  EXPECT_EQ(message.envelope.id, envelope.id);
  EXPECT_EQ(message.envelope.recipients, envelope.recipients);
  EXPECT_EQ(message.envelope.tags, envelope.tags);
  EXPECT_EQ(message.envelope.metadata, envelope.metadata);
  EXPECT_TRUE(message.progress.empty());
  EXPECT_EQ(loop_.run(spool_->read_chunk(envelope.id, 1)).value(), sample_octets(1, 1, 300));
}

TEST_P(SpoolContract, keeps_a_large_message_that_came_in_pieces) {
  for (uint32_t index : {1u, 2u})
    ASSERT_TRUE(
        loop_.run(spool_->write_chunk(sample_id(1), sample_chunk(1, index, chunk_octets_max))));
  EXPECT_EQ(count(Family::arriving), 1u);
  ASSERT_TRUE(loop_.run(spool_->commit(sample_envelope(1, 3), chunk_list(sample_chunk(1, 0)))));
  EXPECT_EQ(count(Family::arriving), 0u);
  open();
  EXPECT_EQ(recover(*spool_).messages.size(), 1u);
  EXPECT_EQ(loop_.run(spool_->read_chunk(sample_id(1), 2)).value(),
            sample_octets(1, 2, chunk_octets_max));
}

TEST_P(SpoolContract, recovers_in_the_order_of_acceptance) {
  for (uint32_t n : {3u, 1u, 2u}) accept(n);
  open();
  auto recovered = recover(*spool_);
  ASSERT_EQ(recovered.messages.size(), 3u);
  for (uint32_t n : {1u, 2u, 3u}) EXPECT_EQ(recovered.messages[n - 1].envelope.id, sample_id(n));
}

TEST_P(SpoolContract, recovers_the_last_progress_of_each_recipient) {
  accept(1, 2);
  accept(2, 3);
  RecipientProgress first{false, 1, WallTime(std::chrono::seconds(7)), "451 later", "mx"};
  RecipientProgress second{true, 2, {}, "250 ok", "mx"};
  ASSERT_TRUE(
      loop_.run(spool_->update(sample_id(2), {{0, first}, {2, first}}, Durability::bounded)));
  ASSERT_TRUE(loop_.run(spool_->update(sample_id(2), {{2, second}}, Durability::bounded)));
  open();
  auto recovered = recover(*spool_);
  ASSERT_EQ(recovered.messages.size(), 2u);
  EXPECT_TRUE(recovered.messages[0].progress.empty());
  const auto& progress = recovered.messages[1].progress;
  ASSERT_EQ(progress.size(), 2u);
  EXPECT_EQ(progress.at(0).last_reply, "451 later");
  EXPECT_EQ(progress.at(0).next_attempt_at, first.next_attempt_at);
  EXPECT_TRUE(progress.at(2).settled);
  EXPECT_EQ(progress.at(2).attempts, 2u);
}

TEST_P(SpoolContract, removes_every_trace_of_a_message) {
  accept(1, 2);
  accept(2);
  ASSERT_TRUE(
      loop_.run(spool_->update(sample_id(1), {{1, RecipientProgress{}}}, Durability::bounded)));
  ASSERT_TRUE(loop_.run(spool_->remove(sample_envelope(1, 1, 2), Durability::bounded)));
  EXPECT_EQ(loop_.run(spool_->read_chunk(sample_id(1), 0)).error().code(), ErrorCode::not_found);
  open();
  auto recovered = recover(*spool_);
  ASSERT_EQ(recovered.messages.size(), 1u);
  EXPECT_EQ(recovered.messages.front().envelope.id, sample_id(2));
  EXPECT_EQ(count(Family::progress), 0u);
  EXPECT_EQ(count(Family::bodies), 1u);
}

TEST_P(SpoolContract, discards_what_was_not_committed) {
  ASSERT_TRUE(loop_.run(spool_->write_chunk(sample_id(1), sample_chunk(1, 1))));
  ASSERT_TRUE(loop_.run(spool_->write_chunk(sample_id(1), sample_chunk(1, 2))));
  spool_->discard(sample_id(1));
  spool_->discard(sample_id(2));  // nothing was written of it
  accept(3);
  EXPECT_EQ(count(Family::arriving), 0u);
  EXPECT_EQ(count(Family::bodies), 1u);
}

TEST_P(SpoolContract, sweeps_what_was_arriving_when_the_process_ended) {
  accept(1);
  ASSERT_TRUE(loop_.run(spool_->write_chunk(sample_id(2), sample_chunk(2, 1))));
  ASSERT_TRUE(loop_.run(spool_->write_chunk(sample_id(2), sample_chunk(2, 2))));
  accept(3);
  open();
  EXPECT_EQ(recover(*spool_).messages.size(), 2u);
  EXPECT_EQ(count(Family::arriving), 0u);
  EXPECT_EQ(count(Family::bodies), 2u);
}

TEST_P(SpoolContract, never_sweeps_the_body_of_an_accepted_message) {
  accept(1);
  ASSERT_TRUE(put(Family::arriving, std::string(sample_id(1).raw()), ""));
  open();
  EXPECT_TRUE(loop_.run(spool_->read_chunk(sample_id(1), 0)));
  EXPECT_EQ(count(Family::arriving), 0u);
}

TEST_P(SpoolContract, reports_damaged_messages_by_name_and_gives_the_others) {
  for (uint32_t n : {1u, 3u, 5u}) accept(n);
  ASSERT_TRUE(put(Family::envelopes, std::string(sample_id(2).raw()), "{\"v\":1}"));
  ASSERT_TRUE(put(Family::progress, part_key(sample_id(3), 0), "rubbish"));
  ASSERT_TRUE(put(Family::progress, part_key(sample_id(4), 0), "of a message that is no more"));
  open();
  auto recovered = recover(*spool_);
  ASSERT_TRUE(recovered.result);
  EXPECT_EQ(recovered.messages.size(), 2u);
  ASSERT_EQ(recovered.damaged.size(), 2u);
  EXPECT_EQ(recovered.damaged.at(sample_id(2)).code(), ErrorCode::corrupt);
  EXPECT_NE(recovered.damaged.at(sample_id(3)).describe().find("progress of recipient 0"),
            std::string::npos);
  EXPECT_EQ(count(Family::envelopes), 4u);
}

TEST_P(SpoolContract, reports_progress_of_a_recipient_that_is_not_there) {
  accept(1);
  ASSERT_TRUE(
      loop_.run(spool_->update(sample_id(1), {{1, RecipientProgress{}}}, Durability::bounded)));
  EXPECT_EQ(recover(*spool_).damaged.count(sample_id(1)), 1u);
}

TEST_P(SpoolContract, refuses_an_envelope_that_could_not_be_read_back) {
  Envelope envelope = sample_envelope(1, 1);
  envelope.recipients[0].local_part = "line\r\nbreak";
  auto result = loop_.run(spool_->commit(envelope, chunk_list(sample_chunk(1, 0))));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::invalid_input);
  EXPECT_TRUE(spool_->healthy());
  accept(2);
}

TEST_P(SpoolContract, gives_content_again_and_again) {
  accept(1);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(loop_.run(spool_->read_chunk(sample_id(1), 0)).value_or(""),
              sample_octets(1, 0, 300));
}

TEST_P(SpoolContract, says_which_chunk_is_missing) {
  auto octets = loop_.run(spool_->read_chunk(sample_id(1), 4));
  ASSERT_FALSE(octets);
  EXPECT_EQ(octets.error().code(), ErrorCode::not_found);
  EXPECT_NE(octets.error().describe().find("chunk 4 of message " + sample_id(1).text()),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(, SpoolContract, testing::Values(Kind::rocks, Kind::memory),
                         [](const auto& kind) {
                           return kind.param == Kind::rocks ? "rocks" : "memory";
                         });

}  // namespace
}  // namespace waypost::spool
