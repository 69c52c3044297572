#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace waypost::cli {

// backup.json: what a backup holds (docs/operate/backup.md).
struct BackupFile {
  std::string path;  // below the backup's folder
  uint64_t octets = 0;
  std::string sha256;
};
struct BackupManifest {
  WallTime made_at;
  bool whole = false;  // the spool, as the check of the backup found it
  uint64_t messages = 0;
  uint64_t waiting = 0;  // recipients
  std::vector<BackupFile> files;
  std::vector<std::string> problems;  // what could not be copied; not in the file
};

inline constexpr const char* manifest_name = "backup.json";
inline constexpr uint64_t manifest_octets_max = 256 << 20;

// Whether a backup may hold such a file: names as the relay makes them, so that no path leads out
// of the folder, and no hidden file is meant.
bool is_backup_path(std::string_view path);
// Whether it is a file of a sending domain (docs/format/domains.md): "keys/DOMAIN.toml",
// "keys/DOMAIN/SELECTOR.pem".
bool is_signing_key_path(std::string_view path);

std::string encode(const BackupManifest& manifest);
// Total. A path that could lead out of the folder, or to what no backup holds, is refused: corrupt.
// unavailable when a newer version wrote it.
Result<BackupManifest> parse_manifest(std::string_view text);

}  // namespace waypost::cli
