#pragma once

#include <string>

#include "base/result.h"
#include "io/disk.h"
#include "spool/inspection.h"

namespace waypost::cli {

// Writes messages of a spool as files: ID.eml, the octets, and ID.json, the envelope. Those that
// are whole stand in the folder, the others in `damaged/` below it.
class SpoolExport {
 public:
  // Makes the folder; already_exists when there is one.
  static Result<SpoolExport> make(const std::string& folder);

  // A message that is still arriving, or was exported before, is passed over.
  Result<void> add(const spool::BatchStore& store, const spool::InspectedMessage& message);
  // What was added is on stable storage.
  Result<void> finish();

  const std::string& folder() const { return folder_; }
  uint64_t whole() const { return whole_; }
  uint64_t damaged() const { return damaged_; }

 private:
  explicit SpoolExport(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
  uint64_t whole_ = 0;
  uint64_t damaged_ = 0;
};

}  // namespace waypost::cli
