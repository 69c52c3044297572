#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waypost::io {

// A file that is only appended to.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual Result<void> append(std::string_view octets) = 0;
  // Returns when what was appended is on stable storage. After a failure nothing that was appended
  // may be trusted: the kernel may have dropped it.
  virtual Result<void> sync() = 0;
  virtual uint64_t size() const = 0;
};

// Files, apart from the databases' own. Every call blocks: use it at the start of a process or on a
// Worker. Any thread.
class Disk {
 public:
  virtual ~Disk() = default;
  // Made with `mode` when it is new.
  virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path,
                                                          unsigned mode) = 0;
  // Fails with resource_exhausted when the file is longer than `octets_max`.
  virtual Result<std::string> read_file(const std::string& path, uint64_t octets_max) = 0;
  // The same for a file with a secret: fails with permission_denied when it is open to all users of
  // the machine. Disks in memory have no other users.
  virtual Result<std::string> read_private_file(const std::string& path, uint64_t octets_max) {
    return read_file(path, octets_max);
  }
  // Reads at most `octets_max` from `offset`; less at the end of the file.
  virtual Result<std::string> read_range(const std::string& path, uint64_t offset,
                                         uint64_t octets_max) = 0;
  // The whole file or nothing, also across a crash: written aside, synced, renamed.
  virtual Result<void> write_file(const std::string& path, std::string_view octets,
                                  unsigned mode) = 0;
  // Names without the folder, sorted; an absent folder is an empty list.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  virtual Result<void> make_folders(const std::string& folder, unsigned mode) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  // What an unprivileged process may still write on the file system that holds `path`.
  virtual Result<uint64_t> free_octets(const std::string& path) = 0;
};

// The file system.
std::unique_ptr<Disk> make_system_disk();

}  // namespace waypost::io
