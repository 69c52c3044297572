#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/disk.h"
#include "io/loop.h"
#include "io/task.h"
#include "io/task_group.h"
#include "io/timer.h"
#include "queue/site_quotas.h"

namespace waypost::daemon {

// Keeps what sites got, so that their messages an hour and a day hold over a restart. It is written
// a second after a change, later where to collect it takes the loop long, and at the end; no mail
// waits for it. After a crash a site may get once more what it got in that time. Thread: the
// loop's.
class QuotaKeeper {
 public:
  // Writes the file as a whole, and makes its text: somewhere where that may block, for of ten
  // thousand sites it takes half a second.
  using Write = std::function<io::Task<Result<void>>(std::vector<queue::KeptQuota> quotas)>;
  struct Services {
    io::Loop& loop;
    queue::QuotaBook& book;
    Write write;
    std::function<void(const std::string&)> trouble;  // told once, until it is over
  };
  explicit QuotaKeeper(Services services);
  QuotaKeeper(const QuotaKeeper&) = delete;
  QuotaKeeper& operator=(const QuotaKeeper&) = delete;
  ~QuotaKeeper();

  // Before mail is restored. Blocks; what is wrong with the file, or empty.
  std::string restore(io::Disk& disk, const std::string& path);
  // Writes once more, when no attempt runs.
  io::Task<void> stop();

  static constexpr Duration interval = std::chrono::seconds(1);

 private:
  void save_soon();
  io::Task<void> save();

  Services services_;
  io::Timer timer_;
  Duration spent_ = Duration(0);  // by the loop, on what was written last
  bool changed_ = false;          // since what was written last
  bool waiting_ = false;          // for the timer, or for the disk
  bool failing_ = false;
  bool stopping_ = false;
  io::TaskGroup saves_;
};

}  // namespace waypost::daemon
