#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/clock.h"
#include "io/worker.h"
#include "spool/batch_store.h"
#include "spool/log_tail.h"
#include "spool/rocks_options.h"
#include "spool/sync_times.h"

namespace waypost::spool {

class RocksDatabase;
struct DamagedTable;

// The spool on disk, shared by all shards: make_spool(store, loop) gives each its own.
// One thread writes: all that is pending becomes one record of the log, synced once when it holds a
// commit. Another reads what is not in memory, and at a start reads ahead. Destroying the store
// writes and syncs what is pending; spools go before it, the loops that they post to after it.
class RocksStore final : public BatchStore {
 public:
  // Makes the spool when it is new, and sweeps the chunks of messages that were never committed.
  // Blocks, in proportion to the log that the last process left.
  // Fails with unavailable when another process uses the spool or a newer version wrote it, with
  // corrupt when the log or the tables are damaged where mail may be missing.
  static Result<std::unique_ptr<RocksStore>> open(const RocksOptions& options);
  // Only to recover() from while no server runs: no lock is taken, every write is refused.
  // `pass_over_damage` as in RocksOptions.
  static Result<std::unique_ptr<RocksStore>> open_read_only(const std::string& path,
                                                            bool pass_over_damage = false);
  ~RocksStore() override;

  void submit(Batch batch) override;
  void read(Family family, std::string key, io::Loop& loop,
            std::shared_ptr<Answer<Result<std::string>>> answer) override;
  std::unique_ptr<Cursor> scan(Family family) const override;
  bool healthy() const override { return healthy_->load(); }
  Result<void> recover(const std::function<void(StoredMessage)>& found,
                       const std::function<void(MessageId, Error)>& damaged) override;
  // What a power cut had torn, and the start cut off: nothing of it had been acknowledged.
  const std::optional<TornTail>& torn_tail() const;

  // How long the write or sync that is under way has taken; none: nothing is. One that does not
  // come back is no failure, and yet nothing gets its answer. Any thread.
  std::optional<Duration> busy_for() const;

  // How long it took each time until what was pending was on stable storage. Any thread.
  SyncTimes sync_times() const { return sync_counts_.read(); }

  // To be called, as often as one likes, while the disk is nearly full: what was removed does not
  // give its room back by itself as long as nothing more comes in. Does nothing unless something
  // was removed since the last time, and at most every `room_interval`. Any thread.
  void make_room(uint64_t free_octets);

  // RocksDatabase's, any thread; both block.
  std::vector<DamagedTable> damaged_tables(
      const std::function<void(uint64_t done, uint64_t all)>& checked) const;
  Result<void> checkpoint(const std::string& path) const;

 private:
  RocksStore(std::unique_ptr<RocksDatabase> database, std::shared_ptr<std::atomic<bool>> healthy);
  void write_pending();
  std::vector<Batch> take_pending();
  Result<void> write(const std::vector<Batch>& batches);
  void sync_when_due();
  void sync_now();
  void mark_later();
  void mark();
  enum class Syncs : bool { no, yes };
  Result<void> timed(Syncs syncs, std::function<Result<void>()> work);

  std::unique_ptr<RocksDatabase> database_;
  // Shared with the database's own threads, which report failures until it is closed.
  std::shared_ptr<std::atomic<bool>> healthy_;

  std::mutex mutex_;
  std::deque<Batch> pending_;
  bool writing_ = false;  // write_pending() is submitted or runs

  const io::SystemClock clock_;
  static constexpr Instant::rep idle = 0;
  std::atomic<Instant::rep> busy_since_ = idle;
  SyncCounts sync_counts_;

  // The writer's thread only.
  std::optional<Instant> unsynced_since_;
  bool sync_scheduled_ = false;
  bool mark_scheduled_ = false;

  std::atomic<bool> removed_ = false;      // a body, since room was made last
  std::atomic<bool> making_room_ = false;  // or has, less than room_interval ago

  io::Worker reader_;
  io::Worker writer_;
  io::Worker room_maker_;
};

}  // namespace waypost::spool
