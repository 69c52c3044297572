#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "spool/batch_store.h"
#include "spool/log_tail.h"
#include "spool/rocks_options.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class WriteBatch;
}  // namespace rocksdb

namespace waypost::spool {

struct DamagedTable {
  std::string file;  // "000012.sst"
  Family family;
  std::string what;
};

// The RocksDB database of a spool: how it is opened, and calls that block. Any thread.
class RocksDatabase {
 public:
  // Makes the folders (mode 0700) and the database when they are new. `broken` is called on any
  // thread, and may be called often, when the database fails behind our back (flush, compaction).
  // Fails with unavailable when another process has it open or a newer version wrote it.
  static Result<std::unique_ptr<RocksDatabase>> open(const RocksOptions& options,
                                                     std::function<void()> broken);
  // Takes no lock and changes nothing that counts. Fails with not_found when there is no spool.
  static Result<std::unique_ptr<RocksDatabase>> open_read_only(const RocksOptions& options);
  ~RocksDatabase();

  // All batches as one atomic record of the log; with `sync` that record and all before it are on
  // stable storage when this returns.
  Result<void> write(std::span<const Batch> batches, bool sync);
  Result<void> sync();

  // Notes in the log what is synced, so that damage to the last record can be told from an end that
  // a power cut tore. Not synced itself.
  Result<void> mark();

  // What was cut off when it was opened.
  const std::optional<TornTail>& torn_tail() const { return torn_; }

  Result<std::string> read(Family family, const std::string& key) const;
  // The same without waiting for a disk: nothing when that would be needed, or there is no such
  // key.
  std::optional<std::string> read_cached(Family family, const std::string& key) const;
  std::unique_ptr<Cursor> scan(Family family) const;

  // Gives back the room of what was removed, of which `free_octets` bounds what that may take
  // meanwhile: writes out what is in memory, so that logs become superfluous, and merges the tables
  // of the bodies when they are small enough.
  Result<void> make_room(uint64_t free_octets);

  // Verifies every block of every table, and calls `checked` after each. Blocks for long.
  std::vector<DamagedTable> damaged_tables(
      const std::function<void(uint64_t done, uint64_t all)>& checked) const;
  // A database of its own in the new folder `path` on the same file system, with all that is stored
  // now; its tables are shared with this one.
  Result<void> checkpoint(const std::string& path) const;
  // Makes what does not open into what does: keeps of the database in options.path, which nobody
  // may have open, all that can be read, and puts what cannot into `lost/` there. What only the
  // log held of a family without a table is lost.
  static Result<void> repair(const RocksOptions& options);

 private:
  RocksDatabase() = default;
  Result<void> check_format(const std::string& path, bool read_only);
  Result<void> note_opened();
  uint64_t current_log() const;  // its number; 0: unknown
  Result<void> log(rocksdb::WriteBatch& batch, bool sync);

  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::ColumnFamilyHandle* default_family_ = nullptr;
  std::array<rocksdb::ColumnFamilyHandle*, family_count> families_{};
  std::optional<TornTail> torn_;
  // Of the thread that writes.
  Synced synced_;
  bool sync_noted_ = true;  // the last one is in synced_
  uint64_t log_ = 0;        // that was written at the last one
};

}  // namespace waypost::spool
