#pragma once

#include <string>

#include "base/result.h"
#include "cli/backup_manifest.h"
#include "cli/progress.h"
#include "config/data_paths.h"

// The work of `waypost backup` and `waypost restore`, without their words.
namespace waypost::cli {

// Writes all that a data folder holds, as it is at one moment, into the new folder `to`: aside
// first, checked, then renamed. Beside a running relay or without one.
Result<BackupManifest> write_backup(const config::DataPaths& paths, const std::string& to,
                                    Progress& progress);

struct Restored {
  BackupManifest manifest;
  uint64_t held = 0;  // recipients
};
// Puts the backup in `from` into the data folder, which is empty and our own. A relay does not
// start on one where this did not come to its end. With `hold` every recipient is held.
Result<Restored> restore_backup(const std::string& data_dir, const std::string& from, bool hold,
                                Progress& progress);

}  // namespace waypost::cli
