#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "io/disk.h"
#include "io/task.h"

namespace waypost::delivery {

// A token can be some kilobytes long; what is longer is another file by mistake.
constexpr uint64_t secret_file_octets_max = 16 * 1024;

// The secret that the file holds: all of it but for one line end at its end. Fails where the file
// is empty, of several lines, or open to other users. Blocks.
Result<Secret> read_secret_file(io::Disk& disk, const std::string& path);

// Where the secrets of logins come from while the loop runs. Thread: the loop's.
class Secrets {
 public:
  virtual ~Secrets() = default;
  // As read_secret_file(), without blocking the loop.
  virtual io::Task<Result<Secret>> read(std::string path) = 0;
};

}  // namespace waypost::delivery
