#include <functional>

#include "cli/backup.h"
#include "cli/relay_client.h"
#include "cli/spool_check.h"
#include "io/digest.h"
#include "io/disk.h"
#include "io/folders.h"
#include "records/copy.h"
#include "spool/spool_lock.h"

namespace waypost::cli {
namespace {

constexpr unsigned folder_mode = 0700;
constexpr unsigned file_mode = 0600;
// Until the relay has written out what it holds in memory.
constexpr Duration checkpoint_patience = std::chrono::minutes(5);

// What RocksDB writes beside the data: its own log, and the file that is locked.
bool belongs_to_spool(const std::string& name) {
  return name != "LOCK" && !name.starts_with("LOG");
}

class Writer {
 public:
  Writer(const config::DataPaths& paths, std::string folder, Progress& progress)
      : paths_(paths), folder_(std::move(folder)), progress_(progress) {}

  Result<BackupManifest> run() {
    // Mail goes from the drop folder into the spool: in this order nothing falls in between, and
    // what is in both is known by its id.
    TRY_VOID(copy_drop());
    TRY_VOID(copy_spool());
    TRY(std::vector<std::string> problems,
        records::copy_records(paths_.records, folder_ + "/records",
                              [&](const std::string& name) { progress_.show(name); }));
    TRY_VOID(copy_whole(paths_.pauses, "/pauses.json"));
    TRY_VOID(copy_whole(paths_.asked_limits, "/limits.json"));
    TRY_VOID(copy_whole(paths_.return_path_key, "/return-path.key"));
    if (Result<void> copied = copy_signing_keys(); !copied)
      problems.push_back(copied.error().describe());
    TRY(SpoolReport checked, check_spool(folder_ + "/spool", "", progress_));
    TRY(BackupManifest manifest, describe(checked));
    manifest.problems = std::move(problems);
    TRY_VOID(disk_->write_file(folder_ + "/" + manifest_name, encode(manifest), file_mode));
    TRY_VOID(io::sync_all(folder_));
    return manifest;
  }

 private:
  Result<void> copy_files(const std::string& from, const std::string& to,
                          const std::function<bool(const std::string&)>& wanted) {
    TRY_VOID(io::make_new_folder(to, folder_mode));
    TRY(std::vector<io::ListedFile> files, io::files_below(from));
    for (const io::ListedFile& file : files) {
      if (file.path.find('/') != std::string::npos || !wanted(file.path)) continue;
      progress_.show(from + "/" + file.path);
      TRY_VOID(
          io::copy_file(from + "/" + file.path, to + "/" + file.path, file_mode, UINT64_MAX, {}));
    }
    return {};
  }

  Result<void> copy_drop() {
    TRY_VOID(io::make_new_folder(folder_ + "/drop", folder_mode));
    for (const std::string part : {"/new", "/refused"}) {
      TRY_VOID(io::make_new_folder(folder_ + "/drop" + part, folder_mode));
      TRY(std::vector<io::ListedFile> files, io::files_below(paths_.drop + part));
      for (const io::ListedFile& file : files) {
        // Users of this machine may have left anything here.
        if (!is_backup_path("drop" + part + "/" + file.path)) continue;
        Result<void> copied =
            io::copy_file(paths_.drop + part + "/" + file.path,
                          folder_ + "/drop" + part + "/" + file.path, file_mode, file.octets, {});
        // Gone: the relay has it in its spool now.
        if (!copied && copied.error().code() != ErrorCode::not_found) return copied;
      }
    }
    return {};
  }

  // A key that a domain's file names is older than the file, and is there until the file names it
  // no more: taken before the files and after them, none is missed.
  Result<void> copy_signing_keys() {
    if (!disk_->exists(paths_.signing_keys)) return {};
    TRY_VOID(io::make_new_folder(folder_ + "/keys", folder_mode));
    for (const std::string_view ending : {".pem", ".toml", ".pem"})
      TRY_VOID(copy_signing_files(ending));
    return {};
  }

  Result<void> copy_signing_files(std::string_view ending) {
    TRY(std::vector<io::ListedFile> files, io::files_below(paths_.signing_keys));
    for (const io::ListedFile& file : files) {
      const std::string path = "keys/" + file.path;
      if (!path.ends_with(ending) || !is_signing_key_path(path)) continue;
      if (disk_->exists(folder_ + "/" + path)) continue;
      const size_t slash = file.path.find('/');
      if (slash != std::string::npos)
        TRY_VOID(disk_->make_folders(folder_ + "/keys/" + file.path.substr(0, slash), folder_mode));
      Result<void> copied = io::copy_file(paths_.signing_keys + "/" + file.path,
                                          folder_ + "/" + path, file_mode, UINT64_MAX, {});
      if (!copied && copied.error().code() != ErrorCode::not_found) return copied;
    }
    return {};
  }

  Result<void> copy_spool() {
    // The relay keeps the checkpoint until this connection ends, which the "failure" does.
    bool asked = false;
    Result<void> copied;
    LineTaker take = [&](std::string_view line) -> Result<void> {
      asked = true;
      if (line == R"({"ready":true})")
        copied = copy_files(paths_.checkpoint, folder_ + "/spool", belongs_to_spool);
      else
        copied = failure(ErrorCode::unavailable, "the relay answered " + std::string(line));
      return failure(ErrorCode::cancelled, "it has all that it wants");
    };
    Result<void> answered =
        ask_relay(paths_.control_socket, R"({"command":"backup"})", take, checkpoint_patience);
    if (asked) return copied;
    if (answered) return failure(ErrorCode::peer_gone, "the relay stopped before it answered");
    if (!nobody_listens(answered.error()))
      return failure(
          std::move(answered).error().while_doing("asking the relay at " + paths_.control_socket));
    TRY(auto lock, spool::SpoolLock::take(paths_.spool));
    return copy_files(paths_.spool, folder_ + "/spool", belongs_to_spool);
  }

  // A file that may not be there.
  Result<void> copy_whole(const std::string& file, const char* name) {
    if (!disk_->exists(file)) return {};
    return io::copy_file(file, folder_ + name, file_mode, UINT64_MAX, {});
  }

  Result<BackupManifest> describe(const SpoolReport& checked) {
    BackupManifest manifest;
    manifest.made_at = io::SystemClock().wall_now();
    manifest.whole = checked.whole();
    manifest.messages = checked.inspection.messages;
    manifest.waiting = checked.inspection.waiting;
    TRY(std::vector<io::ListedFile> files, io::files_below(folder_));
    for (const io::ListedFile& file : files) {
      if (!is_backup_path(file.path)) continue;
      if (file.path.starts_with("spool/") && !belongs_to_spool(file.path.substr(6))) continue;
      progress_.show("digest of " + file.path);
      TRY(std::string digest, io::digest_of_file(folder_ + "/" + file.path));
      manifest.files.push_back({file.path, file.octets, std::move(digest)});
    }
    return manifest;
  }

  const config::DataPaths& paths_;
  const std::string folder_;
  Progress& progress_;
  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
};

}  // namespace

Result<BackupManifest> write_backup(const config::DataPaths& paths, const std::string& to,
                                    Progress& progress) {
  if (io::make_system_disk()->exists(to))
    return failure(ErrorCode::already_exists, to + " is there already");
  const std::string aside = to + ".partial";
  Result<void> made = io::make_new_folder(aside, folder_mode);
  if (!made && made.error().code() == ErrorCode::already_exists)
    return failure(ErrorCode::already_exists,
                   aside +
                       " is there: another backup writes it, or one did not come to its end; "
                       "remove it");
  TRY_VOID(made);
  Result<BackupManifest> manifest = Writer(paths, aside, progress).run();
  Result<void> renamed = manifest ? io::rename_new(aside, to) : Result<void>();
  if (manifest && renamed) return manifest;
  // What is left of it is of no use to anybody.
  TRY_VOID(io::remove_folder(aside));
  TRY_VOID(renamed);
  return manifest;
}

}  // namespace waypost::cli
