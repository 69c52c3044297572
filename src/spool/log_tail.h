#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rocksdb {
class Env;
}

// The end of RocksDB's log, which a power cut may tear: of the octets that were written after the
// last sync a disk keeps any sectors and loses others, while the file's size may be that with all
// of them. RocksDB cannot tell such an end from damage to what was synced, and rightly refuses
// both. We can: each of our records says up to where the log was synced when it was written.
//
// Form of the log: blocks of 32 KiB; in them fragments of a masked CRC-32C (4 octets), a length
// (2), a type (1) and the payload. A record is one write batch: its first sequence number (8), the
// number of its operations (4), the operations.
namespace waypost::spool {

// What is known to be on stable storage.
struct Synced {
  std::string identity;   // of the database: nobody outside can write its marks into a mail
  uint64_t sequence = 0;  // all up to this number
  uint64_t log = 0;       // that was written when it was synced
};

// What every write batch begins with (WriteBatch::PutLogData).
std::string sync_mark(const Synced& synced);

struct TornTail {
  uint64_t octets = 0;  // that are cut off
  std::string file;     // of the log that is cut; later ones are emptied
};

// Cuts off what a power cut tore, so that RocksDB finds a log that ends with a whole record, and
// syncs all logs: what is read from now on is never less later. What is cut is kept in the folder
// `torn`, which holds the last such case. None when there is nothing to cut, RocksDB passes over it
// by itself, or not all records have marks. Fails with corrupt when a later record says that what
// is damaged had been synced: mail may be missing. Reads all logs, one at a time as a whole.
Result<std::optional<TornTail>> cut_torn_tail(rocksdb::Env& env, const std::string& folder);

// Says on stable storage that from now on all records in the folder's logs have marks: an older
// Waypost made none, and those of a copy name another database.
Result<void> note_that_logs_are_marked(rocksdb::Env& env, const std::string& folder);

}  // namespace waypost::spool
