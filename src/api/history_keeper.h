#pragma once

#include <functional>
#include <string>

#include "api/history.h"
#include "io/disk.h"
#include "io/loop.h"
#include "io/task.h"
#include "io/task_group.h"
#include "io/timer.h"
#include "io/worker.h"

namespace waypost::api {

// Keeps a History over a restart, in a file that is written as a whole, every ten minutes, since it
// may have some megabytes, and at the end; a crash takes what came since. What cannot be read or
// written is told, and the relay goes on without. Thread: the loop's.
class HistoryKeeper {
 public:
  struct Services {
    io::Loop& loop;
    io::Worker& worker;  // writes
    io::Disk& disk;
    std::string path;
    std::function<void(const std::string&)> trouble;  // a line for the log
  };
  HistoryKeeper(Services services, History& history);

  // Before anything is counted. Blocks.
  void restore();
  // Writes once more.
  io::Task<void> stop();

  static constexpr Duration interval = std::chrono::minutes(10);

 private:
  void save_later();
  io::Task<void> save();

  Services services_;
  History& history_;
  io::Timer timer_;
  bool failing_ = false;
  bool stopping_ = false;
  io::TaskGroup saves_;
};

}  // namespace waypost::api
