#include "spool/inspection.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "spool/envelope_codec.h"
#include "spool/rocks_database.h"
#include "spool/rocks_store.h"
#include "spool/spool_lock.h"
#include "tests/unit/spool/samples.h"

namespace waypost::spool {
namespace {

using Kind = Operation::Kind;

class InspectionTest : public testing::Test {
 protected:
  InspectionTest() { options_.path = folder_.path() + "/spool"; }

  Operation put(Family family, std::string key, std::string value) {
    return {Kind::put, family, std::move(key), std::move(value)};
  }
  std::string key_of(uint32_t n) { return std::string(sample_id(n).raw()); }

  // A message as a commit would store it.
  void add_message(uint32_t n, uint32_t chunks, size_t chunk_octets = 300) {
    Envelope envelope = sample_envelope(n, chunks, 2);
    envelope.size_octets = chunks * chunk_octets;
    operations_.push_back(put(Family::envelopes, key_of(n), *encode(envelope)));
    for (uint32_t i = 0; i < chunks; ++i)
      operations_.push_back(
          put(Family::bodies, part_key(envelope.id, i), sample_octets(n, i, chunk_octets)));
  }
  void erase(Family family, std::string key) {
    operations_.push_back({Kind::erase, family, std::move(key), {}});
  }
  void add_progress(uint32_t n, uint32_t recipient, bool settled = false) {
    RecipientProgress progress;
    progress.settled = settled;
    operations_.push_back(
        put(Family::progress, part_key(sample_id(n), recipient), *encode(progress)));
  }

  void write() {
    auto database = RocksDatabase::open(options_, [] {});
    ASSERT_TRUE(database) << database.error().describe();
    Batch batch;
    batch.operations = std::move(operations_);
    operations_.clear();
    ASSERT_TRUE((*database)->write({&batch, 1}, true));
    ASSERT_TRUE((*database)->make_room(UINT64_MAX));  // all of it into tables
  }

  Inspection look() {
    found_.clear();
    auto store = RocksStore::open_read_only(options_.path);
    EXPECT_TRUE(store) << store.error().describe();
    return inspect(
        **store, [&](InspectedMessage message) { found_.emplace(message.id, std::move(message)); });
  }

  std::vector<Defect> defects(uint32_t n) {
    std::vector<Defect> defects;
    for (const Finding& finding : found_.at(sample_id(n)).findings)
      defects.push_back(finding.defect);
    return defects;
  }

  // Changes a bit of every place in the tables, or the logs, where `text` stands.
  size_t damage(const std::string& text, const std::string& extension = ".sst") {
    size_t places = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
      if (entry.path().extension() != extension) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::ostringstream read;
      read << in.rdbuf();
      std::string octets = read.str();
      for (size_t at = octets.find(text); at != std::string::npos; at = octets.find(text, at + 1)) {
        octets[at] = char(octets[at] ^ 1);
        ++places;
      }
      std::ofstream(entry.path(), std::ios::binary) << octets;
    }
    return places;
  }

  TemporaryFolder folder_;
  RocksOptions options_;
  std::vector<Operation> operations_;
  std::map<MessageId, InspectedMessage> found_;
};

TEST_F(InspectionTest, finds_nothing_in_a_spool_that_is_whole) {
  for (uint32_t n = 0; n < 20; ++n) add_message(n, n % 3 + 1);
  add_progress(4, 1, true);
  operations_.push_back(put(Family::arriving, key_of(30), ""));
  operations_.push_back(put(Family::bodies, part_key(sample_id(30), 0), "half"));
  write();
  Inspection result = look();
  EXPECT_TRUE(result.whole());
  EXPECT_EQ(result.messages, 20u);
  EXPECT_EQ(result.recipients, 40u);
  EXPECT_EQ(result.waiting, 39u);
  EXPECT_EQ(result.arriving, 1u);
  EXPECT_EQ(found_.at(sample_id(5)).octets, 900u);
}

TEST_F(InspectionTest, names_each_state_that_no_step_can_make) {
  for (uint32_t n = 0; n < 10; ++n) add_message(n, 3);
  erase(Family::bodies, part_key(sample_id(0), 1));
  operations_.push_back(put(Family::bodies, part_key(sample_id(1), 3), "more"));
  operations_.push_back(put(Family::bodies, part_key(sample_id(2), 1), "shorter"));
  operations_.push_back(put(Family::envelopes, key_of(3), "{\"v\":2}"));
  operations_.push_back(put(Family::progress, part_key(sample_id(4), 0), "no JSON"));
  add_progress(5, 2);
  erase(Family::envelopes, key_of(6));
  erase(Family::envelopes, key_of(7));
  for (uint32_t i = 0; i < 3; ++i) erase(Family::bodies, part_key(sample_id(7), i));
  add_progress(7, 0);
  operations_.push_back(put(Family::arriving, key_of(8), ""));
  write();
  Inspection result = look();
  EXPECT_FALSE(result.whole());
  EXPECT_EQ(result.damaged, 9u);
  EXPECT_EQ(defects(0), std::vector{Defect::chunk_missing});
  EXPECT_EQ(found_.at(sample_id(0)).findings[0].detail, "chunk 1 missing of 3");
  EXPECT_EQ(defects(1), std::vector{Defect::chunk_unexpected});
  EXPECT_EQ(defects(2), std::vector{Defect::size_differs});
  EXPECT_EQ(defects(3), std::vector{Defect::envelope_damaged});
  EXPECT_EQ(defects(4), std::vector{Defect::progress_damaged});
  EXPECT_EQ(defects(5), std::vector{Defect::progress_unexpected});
  EXPECT_EQ(defects(6), std::vector{Defect::orphan_chunks});
  EXPECT_EQ(defects(7), std::vector{Defect::orphan_progress});
  EXPECT_EQ(defects(8), std::vector{Defect::stray_marker});
  EXPECT_EQ(defects(9), std::vector<Defect>());
}

TEST_F(InspectionTest, counts_keys_that_belong_to_nothing_and_goes_on) {
  add_message(1, 1);
  operations_.push_back(put(Family::envelopes, "odd", "x"));
  operations_.push_back(put(Family::bodies, key_of(1) + "x", "x"));
  write();
  Inspection result = look();
  EXPECT_EQ(result.odd_keys, 2u);
  EXPECT_EQ(result.messages, 1u);
  EXPECT_FALSE(result.whole());
}

TEST_F(InspectionTest, goes_on_behind_a_chunk_whose_table_is_damaged) {
  for (uint32_t n = 0; n < 30; ++n) add_message(n, 2, 20'000);
  write();
  ASSERT_GT(damage("message 7 chunk 1\r\nmessage 7 chunk 1"), 0u);
  Inspection result = look();
  EXPECT_EQ(result.damaged, 1u);
  EXPECT_EQ(defects(7), std::vector{Defect::chunk_unreadable});
  EXPECT_EQ(found_.at(sample_id(7)).chunks, std::vector<uint32_t>{0});
  EXPECT_EQ(found_.at(sample_id(8)).octets, 40'000u);
  ASSERT_EQ(result.gaps.size(), 1u);
  EXPECT_EQ(result.gaps[0].family, Family::bodies);
  EXPECT_FALSE(result.cut_off());
}

TEST_F(InspectionTest, names_messages_whose_envelopes_cannot_be_read_by_their_chunks) {
  for (uint32_t n = 0; n < 200; ++n) add_message(n, 1);
  write();
  const std::string time = std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(
                                              sample_id(100).accepted_at().time_since_epoch())
                                              .count());
  ASSERT_GT(damage(time), 0u);
  Inspection result = look();
  EXPECT_EQ(found_.size(), 200u);
  EXPECT_EQ(result.messages, 200u);
  EXPECT_EQ(defects(100), std::vector{Defect::envelope_damaged});
  EXPECT_LT(result.damaged, 40u);  // one block of the table
  EXPECT_EQ(defects(0), std::vector<Defect>());
  EXPECT_EQ(defects(199), std::vector<Defect>());
}

TEST_F(InspectionTest, finds_its_way_past_several_damaged_places) {
  for (uint32_t n = 0; n < 60; ++n) add_message(n, 1, 20'000);
  write();
  for (uint32_t n : {3, 4, 6, 40, 59})
    ASSERT_GT(damage("message " + std::to_string(n) + " chunk 0\r\nmessage"), 0u);
  Inspection result = look();
  EXPECT_EQ(result.damaged, 5u);
  for (uint32_t n : {3, 4, 6, 40, 59}) EXPECT_EQ(defects(n), std::vector{Defect::chunk_unreadable});
  EXPECT_EQ(result.messages, 60u);
  // The first two places lie so near to the third that they count as one.
  ASSERT_FALSE(result.gaps.empty());
  EXPECT_EQ(result.gaps[0].after, sample_id(2));
  EXPECT_EQ(result.gaps[0].before, sample_id(7));
}

TEST_F(InspectionTest, a_damaged_table_is_named) {
  for (uint32_t n = 0; n < 30; ++n) add_message(n, 1, 20'000);
  write();
  auto tables = [&] {
    auto database = RocksDatabase::open_read_only(options_);
    return (*database)->damaged_tables([](uint64_t, uint64_t) {});
  };
  EXPECT_TRUE(tables().empty());
  ASSERT_GT(damage("message 7 chunk 0\r\nmessage"), 0u);
  ASSERT_EQ(tables().size(), 1u);
  EXPECT_EQ(tables()[0].family, Family::bodies);
  EXPECT_TRUE(tables()[0].file.ends_with(".sst"));
}

TEST_F(InspectionTest, the_lock_keeps_a_relay_out_and_is_refused_beside_one) {
  add_message(1, 1);
  write();
  {
    auto lock = SpoolLock::take(options_.path);
    ASSERT_TRUE(lock) << lock.error().describe();
    EXPECT_EQ(RocksStore::open(options_).error().code(), ErrorCode::unavailable);
    EXPECT_TRUE(look().whole());
  }
  auto store = RocksStore::open(options_);
  ASSERT_TRUE(store) << store.error().describe();
  EXPECT_EQ(SpoolLock::take(options_.path).error().code(), ErrorCode::unavailable);
  EXPECT_EQ(SpoolLock::take(folder_.path()).error().code(), ErrorCode::not_found);
}

TEST_F(InspectionTest, a_checkpoint_is_a_spool_of_its_own) {
  for (uint32_t n = 0; n < 5; ++n) add_message(n, 1);
  write();
  auto store = RocksStore::open(options_);
  ASSERT_TRUE(store) << store.error().describe();
  const std::string copy = folder_.path() + "/copy";
  ASSERT_TRUE((*store)->checkpoint(copy));
  store->reset();
  std::filesystem::remove_all(options_.path);
  options_.path = copy;
  Inspection result = look();
  EXPECT_TRUE(result.whole());
  EXPECT_EQ(result.messages, 5u);
}

TEST_F(InspectionTest, a_damaged_log_can_be_read_with_its_damage_passed_over) {
  {
    auto database = RocksDatabase::open(options_, [] {});
    ASSERT_TRUE(database) << database.error().describe();
    for (uint32_t n = 0; n < 8; ++n) {
      add_message(n, 1, 40'000);
      Batch batch;
      batch.operations = std::exchange(operations_, {});
      ASSERT_TRUE((*database)->write({&batch, 1}, true));
    }
  }
  ASSERT_GT(damage("message 3 chunk 0\r\nmessage", ".log"), 0u);
  EXPECT_EQ(RocksStore::open_read_only(options_.path).error().code(), ErrorCode::corrupt);
  auto store = RocksStore::open_read_only(options_.path, true);
  ASSERT_TRUE(store) << store.error().describe();
  Inspection result = inspect(**store, [](const InspectedMessage&) {});
  EXPECT_TRUE(result.whole());
  EXPECT_GE(result.messages, 4u);
  EXPECT_LT(result.messages, 8u);
}

TEST_F(InspectionTest, a_repair_makes_a_spool_open_again) {
  for (uint32_t n = 0; n < 5; ++n) add_message(n, 1);
  write();
  for (const auto& entry : std::filesystem::directory_iterator(options_.path))
    if (entry.path().filename().string().starts_with("MANIFEST"))
      std::filesystem::resize_file(entry.path(), 10);
  EXPECT_FALSE(RocksStore::open_read_only(options_.path));
  auto repaired = RocksDatabase::repair(options_);
  ASSERT_TRUE(repaired) << repaired.error().describe();
  Inspection result = look();
  EXPECT_TRUE(result.whole());
  EXPECT_EQ(result.messages, 5u);
}

}  // namespace
}  // namespace waypost::spool
