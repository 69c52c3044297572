#include "io/temporary_folder.h"

#include <cerrno>
#include <filesystem>
#include <stdlib.h>
#include <utility>

namespace waypost::io {

Result<TemporaryFolder> TemporaryFolder::make(const std::string& name) {
  std::error_code error;
  std::string path = std::filesystem::temp_directory_path(error) / (name + "-XXXXXX");
  if (error)
    return failure(base::system_failure(error.value(), "finding a folder for temporary files"));
  if (::mkdtemp(path.data()) == nullptr)
    return failure(base::system_failure(errno, "making the temporary folder " + path));
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace waypost::io
