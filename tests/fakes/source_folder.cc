#include "tests/fakes/source_folder.h"

#include <cstdlib>

namespace waypost::fakes {

std::filesystem::path source_folder() { return WAYPOST_SOURCES; }

std::filesystem::path test_data_folder() {
  const char* folder = std::getenv("WAYPOST_TEST_DATA");
  if (folder != nullptr && *folder != '\0') return folder;
  return source_folder().parent_path() / "shared" / "data";
}

}  // namespace waypost::fakes
