#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace rocksdb {
class FileSystem;
}

namespace waypost::spool {

struct RocksOptions {
  std::string path;
  size_t block_cache_octets = 32 * 1024 * 1024;
  // Of the bodies: most die before so much has come after them, and never reach a table file. Up to
  // six such buffers are in memory when the disk is slow.
  size_t write_buffer_octets = 32 * 1024 * 1024;
  // Past this the oldest log is made superfluous by writing tables; bounds the time of a start.
  size_t log_octets_max = 192 * 1024 * 1024;
  // To read what can be read of a damaged spool: records of the log that are damaged, or missing,
  // are passed over. Never to serve from.
  bool pass_over_damage = false;
  // Where tests inject faults; none is the system's.
  std::shared_ptr<rocksdb::FileSystem> file_system;
};

}  // namespace waypost::spool
