#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/progress.h"
#include "spool/inspection.h"
#include "spool/rocks_database.h"

// The work of `waypost spool check`, without its words.
namespace waypost::cli {

struct SpoolReport {
  std::string spool;
  std::optional<Error> does_not_open;  // as a relay would open it
  bool readable = false;               // perhaps with damage passed over; else only a repair helps
  bool repaired_copy = false;  // what follows is of a copy that was repaired, for the export
  std::vector<spool::DamagedTable> tables;
  spool::Inspection inspection;
  std::vector<spool::InspectedMessage> damaged;  // `damaged_kept_max` at most
  uint64_t exported_whole = 0;
  uint64_t exported_damaged = 0;

  bool whole() const { return !does_not_open && tables.empty() && inspection.whole(); }
};
inline constexpr size_t damaged_kept_max = 100'000;

// Checks the spool in `spool`, of which the caller holds the lock. With `export_to`, which must not
// be there yet, also writes what can be read into it (docs/operate/backup.md). Fails when the check
// itself could not be done; damage is no failure.
Result<SpoolReport> check_spool(const std::string& spool, const std::string& export_to,
                                Progress& progress);

}  // namespace waypost::cli
