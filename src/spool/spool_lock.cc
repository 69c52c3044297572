#include "spool/spool_lock.h"

#include <rocksdb/env.h>

namespace waypost::spool {

Result<std::unique_ptr<SpoolLock>> SpoolLock::take(const std::string& path) {
  rocksdb::Env* env = rocksdb::Env::Default();
  // CURRENT may be what is damaged: any file that RocksDB wrote will do.
  if (!env->FileExists(path + "/CURRENT").ok() && !env->FileExists(path + "/IDENTITY").ok())
    return failure(ErrorCode::not_found, "there is no spool in " + path);
  rocksdb::FileLock* lock = nullptr;
  rocksdb::Status status = env->LockFile(path + "/LOCK", &lock);
  if (!status.ok() && status.ToString().find("open a file for lock") != std::string::npos)
    return failure(ErrorCode::permission_denied, status.ToString());
  if (!status.ok())
    return failure(Error(ErrorCode::unavailable, "a relay uses the spool in " + path)
                       .while_doing("taking its lock: " + status.ToString()));
  return std::unique_ptr<SpoolLock>(new SpoolLock(env, lock));
}

SpoolLock::~SpoolLock() { env_->UnlockFile(lock_).PermitUncheckedError(); }

}  // namespace waypost::spool
