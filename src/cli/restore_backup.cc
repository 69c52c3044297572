#include "cli/backup.h"
#include "cli/spool_check.h"
#include "io/asio_loop.h"
#include "io/digest.h"
#include "io/disk.h"
#include "io/folders.h"
#include "io/task_group.h"
#include "spool/rocks_store.h"

namespace waypost::cli {
namespace {

constexpr unsigned private_folder_mode = 0700;
constexpr unsigned records_folder_mode = 0750;

// As the relay makes them: its group may read the records, but for the keys and
// the addresses that are not written to.
unsigned mode_of(const std::string& path) {
  const bool own = path == "records/keys.db" || path == "records/suppressions.db";
  return path.starts_with("records/") && !own ? 0640 : 0600;
}

struct Held {
  MessageId id;
  std::vector<spool::RecipientChange> changes;
};

io::Task<Result<void>> write_holds(spool::Spool& spool, const std::vector<Held>& all) {
  for (const Held& one : all) {
    std::vector<spool::RecipientChange> changes = one.changes;
    CO_TRY_VOID(co_await spool.update(one.id, std::move(changes), spool::Durability::bounded));
  }
  co_return Result<void>();
}

io::Task<void> hold_and_stop(io::AsioLoop& loop, spool::Spool& spool, const std::vector<Held>& all,
                             Result<void>& result) {
  result = co_await write_holds(spool, all);
  loop.stop();
}

// Holds every recipient that waits, as a person would; gives how many.
Result<uint64_t> hold_all(const std::string& path) {
  spool::RocksOptions options;
  options.path = path;
  TRY(auto store, spool::RocksStore::open(options));
  std::vector<Held> all;
  uint64_t recipients = 0;
  TRY_VOID(spool::recover_messages(
      *store,
      [&](const spool::StoredMessage& message) {
        Held held{message.envelope.id, {}};
        for (uint32_t i = 0; i < message.envelope.recipients.size(); ++i) {
          spool::RecipientProgress progress = message.progress_of(i);
          if (progress.settled) continue;
          progress.held = true;
          held.changes.push_back({i, std::move(progress)});
        }
        recipients += held.changes.size();
        if (!held.changes.empty()) all.push_back(std::move(held));
      },
      [](MessageId, const Error&) {}));
  io::AsioLoop loop;
  auto spool = spool::make_spool(*store, loop);
  Result<void> result;
  io::TaskGroup tasks;
  loop.post([&] { tasks.start(hold_and_stop(loop, *spool, all, result)); });
  loop.run();
  TRY_VOID(result);
  return recipients;
}

class Restoring {
 public:
  Restoring(const std::string& from, std::string to, Progress& progress)
      : from_(from), to_(std::move(to)), progress_(progress) {}

  Result<BackupManifest> read_manifest() {
    TRY(std::string text, disk_->read_file(from_ + "/" + manifest_name, manifest_octets_max));
    return parse_manifest(text);
  }

  Result<void> copy(const BackupManifest& manifest) {
    TRY_VOID(io::make_new_folder(to_, private_folder_mode));
    for (const char* folder : {"/spool", "/drop", "/drop/new", "/drop/refused"})
      TRY_VOID(io::make_new_folder(to_ + folder, private_folder_mode));
    for (const char* folder : {"/records", "/records/events"})
      TRY_VOID(io::make_new_folder(to_ + folder, records_folder_mode));
    for (const BackupFile& file : manifest.files) {
      if (is_signing_key_path(file.path)) {
        const std::string path = to_ + "/" + file.path;
        TRY_VOID(disk_->make_folders(path.substr(0, path.rfind('/')), private_folder_mode));
      }
      TRY_VOID(copy(file));
    }
    return {};
  }

  Result<void> check() {
    TRY(SpoolReport checked, check_spool(to_ + "/spool", "", progress_));
    if (checked.does_not_open) return failure(*std::move(checked.does_not_open));
    return {};
  }

 private:
  Result<void> copy(const BackupFile& file) {
    progress_.show(file.path);
    io::Digest digest;
    uint64_t octets = 0;
    TRY_VOID(io::copy_file(from_ + "/" + file.path, to_ + "/" + file.path, mode_of(file.path),
                           UINT64_MAX, [&](std::string_view piece) {
                             digest.add(piece);
                             octets += piece.size();
                           }));
    if (octets != file.octets || digest.hex() != file.sha256)
      return failure(ErrorCode::corrupt,
                     from_ + "/" + file.path + " is not what it was when the backup was made");
    return {};
  }

  const std::string& from_;
  const std::string to_;
  Progress& progress_;
  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
};

Result<void> check_target(const std::string& data_dir) {
  auto disk = io::make_system_disk();
  if (!disk->exists(data_dir)) return disk->make_folders(data_dir, private_folder_mode);
  TRY(bool empty, io::is_empty_folder(data_dir));
  if (!empty)
    return failure(ErrorCode::already_exists,
                   data_dir +
                       " is not empty: nothing is ever written over; move what is there "
                       "away, or name another data_dir");
  TRY(bool own, io::is_own(data_dir));
  if (!own)
    return failure(ErrorCode::permission_denied,
                   data_dir +
                       " belongs to another user: restore as the user that the relay runs "
                       "as (`sudo -u waypost waypost restore ...`)");
  return {};
}

}  // namespace

Result<Restored> restore_backup(const std::string& data_dir, const std::string& from, bool hold,
                                Progress& progress) {
  TRY_VOID(check_target(data_dir));
  const config::DataPaths paths(data_dir);
  Restoring restoring(from, paths.restoring, progress);
  Restored restored;
  TRY(restored.manifest, restoring.read_manifest());
  auto put = [&]() -> Result<void> {
    TRY_VOID(restoring.copy(restored.manifest));
    TRY_VOID(restoring.check());
    if (hold) {
      TRY(restored.held, hold_all(paths.restoring + "/spool"));
    }
    return io::sync_all(data_dir);
  };
  if (Result<void> done = put(); !done) {
    TRY_VOID(io::remove_folder(paths.restoring));
    return failure(std::move(done).error());
  }
  // While the folder they come from is there no relay starts, so that this is one step.
  auto disk = io::make_system_disk();
  for (const char* name :
       {"/drop", "/records", "/keys", "/pauses.json", "/limits.json", "/return-path.key", "/spool"})
    if (disk->exists(paths.restoring + name))
      TRY_VOID(io::rename_new(paths.restoring + name, data_dir + name));
  TRY_VOID(io::remove_folder(paths.restoring));
  TRY_VOID(io::sync_all(data_dir));
  return restored;
}

}  // namespace waypost::cli
