#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/loop.h"
#include "io/rng.h"
#include "io/timer.h"
#include "spool/batch_store.h"

// The spool without a disk, for the simulator: what a process may trust a disk with, and what is
// left when the process or the machine dies. Thread: the one that runs the simulation.
namespace waypost::spool {

// Bugs to plant, so that the simulator can prove that it would find them.
enum class Mutation { none, acknowledge_before_sync };

struct MediumOptions {
  Duration sync_time = std::chrono::milliseconds(2);
  Mutation mutation = Mutation::none;
};

// The disk: outlives the process. A log of batches with two marks: what was written survives the
// death of the process, what was synced survives a power cut.
class SpoolMedium {
 public:
  explicit SpoolMedium(MediumOptions options = {}) : options_(options) {}
  SpoolMedium(const SpoolMedium&) = delete;
  SpoolMedium& operator=(const SpoolMedium&) = delete;

  // The process dies: the store that is open does and answers nothing from now on, and what had not
  // been written is gone. Destroy it and all that awaits it, in any order, and open another.
  void kill() { ++process_; }
  // kill(), and of what was written but not synced only a random part is left: like a log on a
  // disk, its beginning.
  void power_cut(io::Rng& rng);

  // The next sync, or the next write with the error of a full disk, fails.
  void fail_next_sync(bool fails = true) { sync_fails_ = fails; }
  void fail_next_write() { write_fails_ = true; }
  // Puts `value` on the disk behind the store's back, as damage would.
  void overwrite(Family family, const std::string& key, std::string value);
  void set_sync_time(Duration time) { options_.sync_time = time; }

  uint64_t syncs() const { return syncs_; }

 private:
  friend class MemoryStore;
  friend class MemoryCursor;
  using Contents =
      std::array<std::map<std::string, std::shared_ptr<const std::string>, std::less<>>,
                 family_count>;
  struct Change {
    Operation::Kind kind;
    Family family;
    std::string key;
    std::shared_ptr<const std::string> value;
  };
  static void apply(const std::vector<Change>& changes, Contents& contents);
  void append(std::vector<Operation> operations);
  void synced_up_to(uint64_t written);

  MediumOptions options_;
  Contents written_;  // what a process sees
  Contents synced_;
  std::deque<std::vector<Change>> unsynced_;  // leads from synced_ to written_
  uint64_t appended_ = 0;                     // batches ever written
  uint64_t process_ = 0;
  bool sync_fails_ = false;
  bool write_fails_ = false;
  uint64_t syncs_ = 0;
};

// The process's side, with the grouping of RocksStore: what arrives while a sync runs shares the
// next. make_spool(store, loop) gives each shard its own; all shards of a simulation share a
// thread.
class MemoryStore final : public BatchStore {
 public:
  // Opening also syncs, as RocksDB does when it replays its log, and sweeps.
  MemoryStore(SpoolMedium& medium, io::Loop& loop);

  void submit(Batch batch) override;
  void read(Family family, std::string key, io::Loop& loop,
            std::shared_ptr<Answer<Result<std::string>>> answer) override;
  std::unique_ptr<Cursor> scan(Family family) const override;
  Result<void> recover(const std::function<void(StoredMessage)>& found,
                       const std::function<void(MessageId, Error)>& damaged) override {
    return recover_messages(*this, found, damaged);
  }
  bool healthy() const override { return healthy_; }

 private:
  bool dead() const { return process_ != medium_.process_; }
  void write_waiting();
  void start_sync();
  void finish_sync();
  void give(const Result<void>& result);

  SpoolMedium& medium_;
  io::Loop& loop_;
  const uint64_t process_;
  bool healthy_ = true;
  std::vector<Batch> waiting_;
  std::vector<Batch> group_;  // written, waits for its answer
  uint64_t sync_covers_ = 0;
  bool unsynced_updates_ = false;
  // Timers rather than posted messages: they end with the store.
  io::Timer turn_;
  io::Timer sync_;
  io::Timer update_sync_;
};

}  // namespace waypost::spool
