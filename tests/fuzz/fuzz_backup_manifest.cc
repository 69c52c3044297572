#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cli/backup_manifest.h"

using namespace waypost;

// backup.json, which may come from anywhere: no path in it leads out of the folder.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto manifest =
      cli::parse_manifest(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!manifest) return 0;
  for (const cli::BackupFile& file : manifest->files) {
    CHECK(file.path.find("..") == std::string::npos || file.path.find("/..") == std::string::npos);
    CHECK(!file.path.starts_with("/") && file.path.find('\0') == std::string::npos);
  }
  const auto again = cli::parse_manifest(cli::encode(*manifest));
  CHECK(again && again->files.size() == manifest->files.size());
  return 0;
}
