#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "daemon/control.h"
#include "io/worker.h"
#include "spool/rocks_store.h"

namespace waypost::daemon {

// Answers "backup": a checkpoint of the spool that stands in `folder` as long as the client stays.
// Thread: the loop's.
class BackupControl {
 public:
  BackupControl(io::Loop& loop, const spool::RocksStore& store, std::string folder);

  // What a relay that died left behind. Blocks, before the loop runs.
  Result<void> clear();
  // This outlives the server.
  void answer_at(ControlServer& server);

 private:
  io::Task<void> answer(ControlAnswer& answer);
  io::Task<Result<void>> on_worker(std::function<Result<void>()> work);

  io::Loop& loop_;
  const spool::RocksStore& store_;
  std::string folder_;
  bool busy_ = false;
  io::Worker worker_{"waypost-backup"};
};

}  // namespace waypost::daemon
