#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace rocksdb {
class Env;
class FileLock;
}  // namespace rocksdb

namespace waypost::spool {

// Keeps every other process from opening a spool to write, until it is destroyed: the lock that
// RocksStore::open() takes too.
class SpoolLock {
 public:
  // unavailable when a relay has it open; not_found when there is no spool in `path`.
  static Result<std::unique_ptr<SpoolLock>> take(const std::string& path);
  ~SpoolLock();

 private:
  SpoolLock(rocksdb::Env* env, rocksdb::FileLock* lock) : env_(env), lock_(lock) {}

  rocksdb::Env* env_;  // the system's, for ever
  rocksdb::FileLock* lock_;
};

}  // namespace waypost::spool
