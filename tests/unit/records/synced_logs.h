#pragma once

#include <map>
#include <string>

#include <sqlite3.h>

// Which octets of SQLite's write-ahead logs were synced, and so outlive a power cut.
namespace waypost::records {

// While it lives, databases that are opened keep account; one at a time.
class SyncedLogs {
 public:
  SyncedLogs() {
    base() = sqlite3_vfs_find(nullptr);
    octets().clear();
    vfs_ = *base();
    vfs_.zName = "synced-logs";
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~SyncedLogs() {
    sqlite3_vfs_register(base(), 1);
    sqlite3_vfs_unregister(&vfs_);
  }
  SyncedLogs(const SyncedLogs&) = delete;
  SyncedLogs& operator=(const SyncedLogs&) = delete;

  uint64_t octets_of(const std::string& path) const { return octets()[path]; }

 private:
  static sqlite3_vfs*& base() {
    static sqlite3_vfs* value = nullptr;
    return value;
  }
  static std::map<std::string, uint64_t>& octets() {
    static std::map<std::string, uint64_t> value;
    return value;
  }
  static std::map<sqlite3_file*, std::string>& paths() {
    static std::map<sqlite3_file*, std::string> value;
    return value;
  }
  static const sqlite3_io_methods*& real() {
    static const sqlite3_io_methods* value = nullptr;
    return value;
  }

  static int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out) {
    int code = base()->xOpen(base(), path, file, flags, out);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
    static sqlite3_io_methods counting;
    real() = file->pMethods;
    counting = *real();
    counting.xSync = sync;
    file->pMethods = &counting;
    paths()[file] = path;
    sqlite3_int64 size = 0;
    if (real()->xFileSize(file, &size) == SQLITE_OK) octets()[path] = static_cast<uint64_t>(size);
    return code;
  }
  static int sync(sqlite3_file* file, int flags) {
    sqlite3_int64 size = 0;
    int code = real()->xSync(file, flags);
    if (code == SQLITE_OK) code = real()->xFileSize(file, &size);
    if (code == SQLITE_OK) octets()[paths()[file]] = static_cast<uint64_t>(size);
    return code;
  }

  sqlite3_vfs vfs_;
};

}  // namespace waypost::records
