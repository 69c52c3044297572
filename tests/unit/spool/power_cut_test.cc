// The power goes at every single change that RocksDB makes to the disk, and the spool must keep its
// promise each time.
#include <map>
#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "spool/rocks_store.h"
#include "tests/unit/spool/fault_file_system.h"
#include "tests/unit/spool/samples.h"
#include "tests/unit/spool/test_loop.h"

namespace waypost::spool {
namespace {

constexpr size_t body_octets = 20'000;

// What the outside world was told.
struct Ledger {
  std::set<uint32_t> accepted;  // commit returned without an error
  std::set<uint32_t> removed;   // removal was asked for
};

class Machine {
 public:
  explicit Machine(std::shared_ptr<FaultFileSystem> files) : files_(std::move(files)) {
    options_.path = folder_.path();
    options_.write_buffer_octets = 64 * 1024;  // so that tables are written too
    options_.log_octets_max = 128 * 1024;
    options_.file_system = files_;
  }

  const std::string& path() const { return options_.path; }

  // Two lives of a process; ends early when the disk dies.
  void work(Ledger& ledger) {
    for (uint32_t first : {0u, 20u}) {
      auto store = RocksStore::open(options_);
      if (!store) return;
      auto spool = make_spool(**store, loop_);
      loop_.run(live(*spool, ledger, first));
    }
  }

 private:
  io::Task<void> live(Spool& spool, Ledger& ledger, uint32_t first) {
    for (uint32_t n = first; n < first + 6; ++n) {
      (void)co_await spool.write_chunk(sample_id(n), sample_chunk(n, 1, body_octets));
      if (n % 4 == 3) {
        spool.discard(sample_id(n));
        continue;
      }
      if (n % 4 == 2)
        (void)co_await spool.write_chunk(sample_id(n), sample_chunk(n, 2, body_octets));
      auto committed = co_await spool.commit(sample_envelope(n, n % 4 == 2 ? 3 : 2),
                                             chunk_list(sample_chunk(n, 0, body_octets)));
      if (committed) ledger.accepted.insert(n);
      if (n % 4 != 0) continue;
      (void)co_await spool.update(sample_id(n), std::vector<RecipientChange>(1),
                                  Durability::bounded);
      ledger.removed.insert(n);
      (void)co_await spool.remove(sample_envelope(n, 2), Durability::bounded);
    }
  }

  TemporaryFolder folder_;
  std::shared_ptr<FaultFileSystem> files_;
  RocksOptions options_;
  TestLoop loop_{Time::real};
};

void check_what_is_left(RocksStore& store, const Ledger& ledger);

// Opens what is left, on a disk that works again; whether an end had to be cut off.
bool expect_promise_kept(const std::string& path, const Ledger& ledger) {
  RocksOptions options;
  options.path = path;
  options.file_system = std::make_shared<FaultFileSystem>();  // spares the test the real syncs
  auto store = RocksStore::open(options);
  EXPECT_TRUE(store) << store.error().describe();
  if (!store) return false;
  check_what_is_left(**store, ledger);
  return (*store)->torn_tail().has_value();
}

void check_what_is_left(RocksStore& store, const Ledger& ledger) {
  TestLoop loop(Time::real);
  auto spool = make_spool(store, loop);
  auto recovered = recover(*spool);
  ASSERT_TRUE(recovered.result) << recovered.result.error().describe();
  EXPECT_TRUE(recovered.damaged.empty());
  for (uint32_t n : ledger.accepted)
    EXPECT_TRUE(ledger.removed.contains(n) || recovered.holds(sample_id(n))) << "lost " << n;
  size_t chunks = 0;
  for (uint32_t n = 0; n < 40; ++n) {
    if (!recovered.holds(sample_id(n))) continue;
    for (uint32_t index = 0; index < (n % 4 == 2 ? 3u : 2u); ++index, ++chunks) {
      auto octets = loop.run(spool->read_chunk(sample_id(n), index));
      ASSERT_TRUE(octets) << octets.error().describe();
      EXPECT_EQ(*octets, sample_octets(n, index, body_octets));
    }
  }
  auto bodies = store.scan(Family::bodies);
  for (bodies->seek({}); bodies->valid(); bodies->next()) --chunks;
  EXPECT_EQ(chunks, 0u) << "chunks of no message are left";
}

// Every third change from the parameter on, so that the parts run side by side.
class PowerCut : public testing::TestWithParam<uint64_t> {};

TEST_P(PowerCut, loses_no_accepted_message_and_leaves_none_half_there) {
  constexpr unsigned tail_percents[] = {0, 60, 100};
  size_t with_accepted = 0;
  bool reached = true;
  for (uint64_t cut = GetParam(); reached; cut += 3) {
    auto files = std::make_shared<FaultFileSystem>();
    Machine machine(files);
    Ledger ledger;
    files->die_at(cut);
    machine.work(ledger);
    reached = files->dead();
    files->power_cut(tail_percents[cut / 3 % 3]);
    SCOPED_TRACE("power cut at change " + std::to_string(cut));
    expect_promise_kept(machine.path(), ledger);
    if (HasFailure()) return;
    with_accepted += !ledger.accepted.empty();
  }
  EXPECT_GT(with_accepted, 20u);
}

TEST_P(PowerCut, opens_whatever_sectors_of_the_log_are_left) {
  size_t torn = 0;
  bool reached = true;
  for (uint64_t cut = GetParam(); reached; cut += 3) {
    auto files = std::make_shared<FaultFileSystem>();
    Machine machine(files);
    Ledger ledger;
    files->die_at(cut);
    machine.work(ledger);
    reached = files->dead();
    files->power_cut_in_sectors(uint32_t(cut));
    SCOPED_TRACE("power cut at change " + std::to_string(cut));
    torn += expect_promise_kept(machine.path(), ledger);
    if (HasFailure()) return;
  }
  EXPECT_GT(torn, 3u);
}

INSTANTIATE_TEST_SUITE_P(from, PowerCut, testing::Values(0, 1, 2),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace waypost::spool
