#include "spool/rocks_database.h"

#include <algorithm>
#include <charconv>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include "io/disk.h"
#include "spool/log_tail.h"
#include "spool/spool_lock.h"

namespace waypost::spool {
namespace {

using rocksdb::Status;

constexpr unsigned folder_mode = 0700;
constexpr size_t protection_octets = 8;  // a checksum for each entry from batch to memtable
constexpr int open_files_max = 256;
constexpr std::string_view format_key = "format";
constexpr unsigned format_version = 1;

ErrorCode code_of(const Status& status) {
  if (status.IsNoSpace()) return ErrorCode::resource_exhausted;
  if (status.IsCorruption()) return ErrorCode::corrupt;
  if (status.IsNotFound()) return ErrorCode::not_found;
  return ErrorCode::io_failure;
}

tl::unexpected<Error> failed(const Status& status, std::string doing) {
  return failure(Error(code_of(status), status.ToString()).while_doing(std::move(doing)));
}

class FailureListener final : public rocksdb::EventListener {
 public:
  explicit FailureListener(std::function<void()> broken) : broken_(std::move(broken)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason, Status*) override { broken_(); }
  // Of a full disk RocksDB would recover by itself as soon as there is room: on the log that has
  // just failed, where Debian's build, which keeps its assertions, ends the process.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, Status, bool* automatically) override {
    *automatically = false;
  }

 private:
  std::function<void()> broken_;
};

class RocksCursor final : public Cursor {
 public:
  explicit RocksCursor(std::unique_ptr<rocksdb::Iterator> iterator)
      : iterator_(std::move(iterator)) {}
  void seek(std::string_view key) override { iterator_->Seek({key.data(), key.size()}); }
  bool valid() const override { return iterator_->Valid(); }
  void next() override { iterator_->Next(); }
  std::string_view key() const override { return iterator_->key().ToStringView(); }
  std::string_view value() const override { return iterator_->value().ToStringView(); }
  Result<void> state() const override {
    if (Status status = iterator_->status(); !status.ok())
      return failed(status, "reading the spool");
    return {};
  }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

rocksdb::DBOptions database_options(const RocksOptions& options, rocksdb::Env* env) {
  rocksdb::DBOptions result;
  result.env = env;
  result.create_if_missing = true;
  result.create_missing_column_families = true;
  // docs/format/spool.md says what this mode does with a torn or damaged log, as tested.
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  result.track_and_verify_wals_in_manifest = true;
  result.paranoid_checks = true;
  if (options.pass_over_damage) {
    result.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    result.track_and_verify_wals_in_manifest = false;
    result.paranoid_checks = false;
  }
  // After a failure nothing may be retried on this handle (Spool).
  result.max_bgerror_resume_count = 0;
  result.max_total_wal_size = options.log_octets_max;
  // Starts writing back early what a large message has appended, so that the next commit's sync
  // does not find it all at once.
  result.wal_bytes_per_sync = 1024 * 1024;
  result.bytes_per_sync = 1024 * 1024;
  result.max_open_files = open_files_max;
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  result.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  result.max_log_file_size = 1024 * 1024;
  result.keep_log_file_num = 4;
  return result;
}

rocksdb::ColumnFamilyOptions family_options(Family family, const RocksOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions result;
  result.compression = rocksdb::kNoCompression;  // bodies: cheap CPU matters more than the space
  if (family == Family::bodies) {
    result.write_buffer_size = options.write_buffer_octets;
    result.max_write_buffer_number = 6;
    // Two buffers are written as one table, so that what came in the first and went in the second
    // is never written.
    result.min_write_buffer_number_to_merge = 2;
  } else {
    result.write_buffer_size = std::max<size_t>(options.write_buffer_octets / 2, 64 * 1024);
  }
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

std::vector<rocksdb::ColumnFamilyDescriptor> descriptors(const RocksOptions& options) {
  auto cache = rocksdb::NewLRUCache(options.block_cache_octets);
  std::vector<rocksdb::ColumnFamilyDescriptor> result;
  result.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (size_t family = 0; family < family_count; ++family)
    result.emplace_back(family_names[family], family_options(Family(family), options, cache));
  return result;
}

std::unique_ptr<rocksdb::Env> make_env(const RocksOptions& options) {
  return rocksdb::NewCompositeEnv(options.file_system ? options.file_system
                                                      : rocksdb::FileSystem::Default());
}

std::string parent_of(const std::string& path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A new folder survives a power cut only when its parent was synced too.
Result<void> make_folders(std::string path, rocksdb::Env& env) {
  auto disk = io::make_system_disk();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::vector<std::string> parents;
  for (std::string part = path; !disk->exists(part); part = parents.back())
    parents.push_back(parent_of(part));
  TRY_VOID(disk->make_folders(path, folder_mode));
  for (const std::string& parent : parents) {
    std::unique_ptr<rocksdb::Directory> directory;
    Status status = env.NewDirectory(parent, &directory);
    if (status.ok()) status = directory->Fsync();
    if (!status.ok()) return failed(status, "syncing the folder " + parent);
  }
  return {};
}

// Before anything is opened: a part that we do not know means a newer format, which RocksDB would
// report in words that help nobody.
Result<void> check_families(const rocksdb::DBOptions& options, const std::string& path) {
  std::vector<std::string> names;
  if (!options.env->FileExists(path + "/CURRENT").ok()) return {};
  Status status = rocksdb::DB::ListColumnFamilies(options, path, &names);
  if (!status.ok()) return failed(status, "opening the spool in " + path);
  for (const std::string& name : names) {
    bool known = name == rocksdb::kDefaultColumnFamilyName ||
                 std::find(family_names.begin(), family_names.end(), name) != family_names.end();
    if (!known)
      return failure(ErrorCode::unavailable, "the spool in " + path + " has a part \"" + name +
                                                 "\": a newer Waypost wrote it");
  }
  return {};
}

tl::unexpected<Error> in_use(const std::string& path, std::string cause) {
  return failure(Error(ErrorCode::unavailable, "another `waypost serve` uses the spool in " + path)
                     .while_doing("taking its lock: " + std::move(cause)));
}

tl::unexpected<Error> open_failed(const Status& status, const std::string& path) {
  if (status.IsIOError() && status.ToString().find("LOCK") != std::string::npos)
    return in_use(path, status.ToString());
  return failed(status, "opening the spool in " + path);
}

// RocksDB would make a new database over the tables of one that has lost this file. A repair would
// lose what only the log has, and this file can be written again.
Result<void> check_current(rocksdb::Env& env, const std::string& path) {
  if (env.FileExists(path + "/CURRENT").ok()) return {};
  std::vector<std::string> names;
  if (Status status = env.GetChildren(path, &names); !status.ok())
    return failed(status, "listing " + path);
  bool has_data = false;
  std::string manifest;
  for (const std::string& name : names) {
    has_data |= name.ends_with(".sst") || name.ends_with(".log");
    if (name.starts_with("MANIFEST-")) manifest = std::max(manifest, name);
  }
  if (!has_data) return {};
  std::string lost = "the spool in " + path + " has lost the file CURRENT";
  if (manifest.empty())
    return failure(ErrorCode::corrupt, lost +
                                           " and every MANIFEST: restore a backup, or save what "
                                           "is in its tables with `waypost spool check "
                                           "--export FOLDER`");
  return failure(ErrorCode::corrupt, lost + ": copy the folder away, write the line " + manifest +
                                         " into that file, as the relay's user, and run `waypost "
                                         "spool check`");
}

Result<std::optional<TornTail>> cut_torn_tail_of_ours(rocksdb::Env& env, const std::string& path) {
  auto lock = SpoolLock::take(path);
  if (lock) return cut_torn_tail(env, path);
  if (lock.error().code() == ErrorCode::not_found) return std::nullopt;
  if (lock.error().code() == ErrorCode::unavailable) return in_use(path, lock.error().describe());
  return failure(std::move(lock).error());
}

std::optional<unsigned> parse_version(const std::string& text) {
  unsigned version = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return version;
}

// What RocksDB's form of them takes, or a little more: then it is made in one piece.
size_t octets_of(std::span<const Batch> batches) {
  constexpr size_t head_octets = 256, operation_overhead = 16;
  size_t octets = head_octets;
  for (const Batch& batch : batches)
    for (const Operation& operation : batch.operations)
      octets += operation.key.size() + operation.value.size() + operation_overhead;
  return octets;
}

rocksdb::ReadOptions reading(rocksdb::ReadTier tier) {
  rocksdb::ReadOptions options;
  options.read_tier = tier;
  options.verify_checksums = true;
  return options;
}

}  // namespace

Result<std::unique_ptr<RocksDatabase>> RocksDatabase::open(const RocksOptions& options,
                                                           std::function<void()> broken) {
  std::unique_ptr<RocksDatabase> result(new RocksDatabase);
  result->env_ = make_env(options);
  TRY_VOID(make_folders(options.path, *result->env_));
  auto settings = database_options(options, result->env_.get());
  settings.listeners.push_back(std::make_shared<FailureListener>(std::move(broken)));
  TRY_VOID(check_current(*result->env_, options.path));
  TRY_VOID(check_families(settings, options.path));
  TRY(result->torn_, cut_torn_tail_of_ours(*result->env_, options.path));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  Status status =
      rocksdb::DB::Open(settings, options.path, descriptors(options), &handles, &database);
  if (!status.ok()) return open_failed(status, options.path);
  result->database_.reset(database);
  result->default_family_ = handles.front();
  std::copy(handles.begin() + 1, handles.end(), result->families_.begin());
  TRY_VOID(result->check_format(options.path, false));
  TRY_VOID(result->note_opened());
  TRY_VOID(note_that_logs_are_marked(*result->env_, options.path));
  return result;
}

Result<std::unique_ptr<RocksDatabase>> RocksDatabase::open_read_only(const RocksOptions& options) {
  std::unique_ptr<RocksDatabase> result(new RocksDatabase);
  result->env_ = make_env(options);
  auto settings = database_options(options, result->env_.get());
  settings.create_if_missing = false;
  if (!settings.env->FileExists(options.path + "/CURRENT").ok())
    return failure(ErrorCode::not_found, "there is no spool in " + options.path);
  TRY_VOID(check_families(settings, options.path));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  Status status = rocksdb::DB::OpenForReadOnly(settings, options.path, descriptors(options),
                                               &handles, &database);
  if (!status.ok()) return failed(status, "opening the spool in " + options.path + " to read");
  result->database_.reset(database);
  result->default_family_ = handles.front();
  std::copy(handles.begin() + 1, handles.end(), result->families_.begin());
  TRY_VOID(result->check_format(options.path, true));
  return result;
}

// Marks a new database, refuses one of another format.
Result<void> RocksDatabase::check_format(const std::string& path, bool read_only) {
  const rocksdb::Slice key(format_key.data(), format_key.size());
  std::string stored;
  Status status = database_->Get(reading(rocksdb::kReadAllTier), default_family_, key, &stored);
  if (status.IsNotFound() && !read_only) {
    rocksdb::WriteOptions options;
    options.sync = true;
    stored = std::to_string(format_version);
    status = database_->Put(options, default_family_, key, stored);
    // Nothing else ever fills this family's memtable, which would keep every log from now on.
    if (status.ok()) status = database_->Flush({}, default_family_);
  }
  if (!status.ok()) return failed(status, "reading the format of the spool in " + path);
  auto version = parse_version(stored);
  if (!version || *version == 0)
    return failure(ErrorCode::corrupt, "the spool in " + path + " has no readable format number");
  if (*version > format_version)
    return failure(ErrorCode::unavailable, "the spool in " + path + " has format " + stored +
                                               ", this Waypost reads up to " +
                                               std::to_string(format_version) +
                                               ": a newer one wrote it");
  return {};
}

// All that was read from the logs is in tables now, and no record of this log was written.
Result<void> RocksDatabase::note_opened() {
  if (Status status = database_->GetDbIdentity(synced_.identity); !status.ok())
    return failed(status, "reading the identity of the spool");
  synced_.sequence = database_->GetLatestSequenceNumber();
  log_ = current_log();
  synced_.log = log_ == 0 ? 0 : log_ - 1;
  return {};
}

RocksDatabase::~RocksDatabase() {
  if (!database_) return;
  for (rocksdb::ColumnFamilyHandle* family : families_)
    database_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  database_->DestroyColumnFamilyHandle(default_family_).PermitUncheckedError();
  database_->Close().PermitUncheckedError();
}

Result<void> RocksDatabase::write(std::span<const Batch> batches, bool sync) {
  rocksdb::WriteBatch merged(octets_of(batches), 0, protection_octets, 0);
  Status status = merged.PutLogData(sync_mark(synced_));
  if (!status.ok()) return failed(status, "collecting what to write to the spool");
  for (const Batch& batch : batches) {
    for (const Operation& operation : batch.operations) {
      auto* family = families_[size_t(operation.family)];
      switch (operation.kind) {
        case Operation::Kind::put:
          status = merged.Put(family, operation.key, operation.value);
          break;
        case Operation::Kind::erase:
          status = merged.Delete(family, operation.key);
          break;
        case Operation::Kind::erase_once:
          status = merged.SingleDelete(family, operation.key);
          break;
      }
      if (!status.ok()) return failed(status, "collecting what to write to the spool");
    }
  }
  return log(merged, sync);
}

// Not SyncWAL, which writes nothing: what is noted of a sync holds only for a log that has the last
// record itself.
Result<void> RocksDatabase::sync() { return write({}, true); }

Result<void> RocksDatabase::mark() {
  if (!sync_noted_) TRY_VOID(sync());
  return write({}, false);
}

Result<void> RocksDatabase::log(rocksdb::WriteBatch& batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  if (Status status = database_->Write(options, &batch); !status.ok())
    return failed(status, "writing to the spool");
  if (!sync) return {};
  // Where the log changed since the last sync, which of the two has the record is not known: the
  // next sync will tell.
  const uint64_t log = current_log();
  sync_noted_ = log == std::exchange(log_, log);
  if (!sync_noted_) return {};
  synced_.sequence = database_->GetLatestSequenceNumber();
  synced_.log = log;
  return {};
}

uint64_t RocksDatabase::current_log() const {
  std::unique_ptr<rocksdb::LogFile> log;
  return database_->GetCurrentWalFile(&log).ok() && log ? log->LogNumber() : 0;
}

Result<std::string> RocksDatabase::read(Family family, const std::string& key) const {
  std::string value;
  Status status =
      database_->Get(reading(rocksdb::kReadAllTier), families_[size_t(family)], key, &value);
  if (!status.ok()) return failed(status, "reading the spool");
  return value;
}

// Not Get: with this read tier it says "found", with nothing in it, of a key that may be in a table
// which is not open, as most of many are after a start.
std::optional<std::string> RocksDatabase::read_cached(Family family, const std::string& key) const {
  std::string value;
  bool found = false;
  bool possible = database_->KeyMayExist(reading(rocksdb::kBlockCacheTier),
                                         families_[size_t(family)], key, &value, &found);
  if (!possible || !found) return std::nullopt;
  return value;
}

Result<void> RocksDatabase::make_room(uint64_t free_octets) {
  const std::vector<rocksdb::ColumnFamilyHandle*> families(families_.begin(), families_.end());
  if (Status status = database_->Flush({}, families); !status.ok())
    return failed(status, "writing out the spool to make room");
  auto* bodies = families_[size_t(Family::bodies)];
  uint64_t tables_octets = 0;
  bool known = database_->GetIntProperty(bodies, rocksdb::DB::Properties::kTotalSstFilesSize,
                                         &tables_octets);
  // The merged tables stand beside the old ones for a while, and are not larger.
  if (!known || tables_octets >= free_octets) return {};
  if (Status status = database_->CompactRange({}, bodies, nullptr, nullptr); !status.ok())
    return failed(status, "merging the spool's tables to make room");
  return {};
}

std::vector<DamagedTable> RocksDatabase::damaged_tables(
    const std::function<void(uint64_t done, uint64_t all)>& checked) const {
  std::vector<rocksdb::LiveFileMetaData> tables;
  database_->GetLiveFilesMetaData(&tables);
  std::vector<DamagedTable> damaged;
  for (size_t i = 0; i < tables.size(); ++i) {
    const rocksdb::LiveFileMetaData& table = tables[i];
    auto family = std::find(family_names.begin(), family_names.end(), table.column_family_name);
    if (family == family_names.end()) continue;  // that of the format's number is read at opening
    rocksdb::Options options;
    options.env = env_.get();
    rocksdb::SstFileReader reader(options);
    Status status = reader.Open(table.db_path + table.name);
    if (status.ok()) status = reader.VerifyChecksum(reading(rocksdb::kReadAllTier));
    if (!status.ok())
      damaged.push_back({table.name.substr(table.name.rfind('/') + 1),
                         Family(family - family_names.begin()), status.ToString()});
    checked(i + 1, tables.size());
  }
  return damaged;
}

Result<void> RocksDatabase::checkpoint(const std::string& path) const {
  rocksdb::Checkpoint* made = nullptr;
  Status status = rocksdb::Checkpoint::Create(database_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(path);
  if (!status.ok()) return failed(status, "making a checkpoint of the spool in " + path);
  return {};
}

Result<void> RocksDatabase::repair(const RocksOptions& options) {
  auto env = make_env(options);
  Status status =
      rocksdb::RepairDB(options.path, database_options(options, env.get()), descriptors(options));
  if (!status.ok()) return failed(status, "repairing the copy of the spool in " + options.path);
  // A family without a table is not there any more.
  auto opened = open(options, [] {});
  if (!opened) return failure(std::move(opened).error());
  return {};
}

std::unique_ptr<Cursor> RocksDatabase::scan(Family family) const {
  rocksdb::ReadOptions options = reading(rocksdb::kReadAllTier);
  options.fill_cache = false;
  std::unique_ptr<rocksdb::Iterator> iterator(
      database_->NewIterator(options, families_[size_t(family)]));
  return std::make_unique<RocksCursor>(std::move(iterator));
}

}  // namespace waypost::spool
