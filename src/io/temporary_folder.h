#pragma once

#include <string>

#include "base/result.h"

namespace waypost::io {

// A new folder of our own (mode 0700) below $TMPDIR or /tmp, removed with all that is in it when
// this goes away.
class TemporaryFolder {
 public:
  // `name` begins the folder's name.
  static Result<TemporaryFolder> make(const std::string& name);
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace waypost::io
