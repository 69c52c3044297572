#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "io/disk.h"
#include "spool/rocks_store.h"

namespace waypost::daemon {

// Whether the disk has room for more mail. Thread: any.
class Room {
 public:
  Room(io::Disk& disk, spool::RocksStore& store, std::string folder)
      : disk_(disk), store_(store), folder_(std::move(folder)) {}

  // New mail is refused below it.
  void keep_free(uint64_t octets) { octets_min_ = octets; }

  // A disk that cannot say counts as one that has room. What was removed is given back to the
  // system when there is none.
  bool is_left() {
    auto free = disk_.free_octets(folder_);
    if (!free || *free >= octets_min_) return true;
    store_.make_room(*free);
    return false;
  }

 private:
  io::Disk& disk_;
  spool::RocksStore& store_;
  const std::string folder_;
  std::atomic<uint64_t> octets_min_ = 0;
};

}  // namespace waypost::daemon
