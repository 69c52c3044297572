#pragma once

#include <map>
#include <string>

#include "io/disk.h"

namespace waypost::fakes {

// Files that are read whole, in memory; nothing else works.
class MemoryDisk final : public io::Disk {
 public:
  std::map<std::string, std::string> files;

  Result<std::string> read_file(const std::string& path, uint64_t octets_max) override {
    auto file = files.find(path);
    if (file == files.end()) return absent(path);
    if (file->second.size() > octets_max)
      return failure(ErrorCode::resource_exhausted, path + " is too long");
    return file->second;
  }
  bool exists(const std::string& path) override { return files.contains(path); }

  Result<std::unique_ptr<io::AppendFile>> open_append(const std::string& path, unsigned) override {
    return absent(path);
  }
  Result<std::string> read_range(const std::string& path, uint64_t, uint64_t) override {
    return absent(path);
  }
  Result<void> write_file(const std::string& path, std::string_view octets, unsigned) override {
    files[path] = octets;
    return {};
  }
  Result<std::vector<std::string>> list(const std::string&) override {
    return std::vector<std::string>();
  }
  Result<void> make_folders(const std::string&, unsigned) override { return {}; }
  Result<void> rename(const std::string& from, const std::string&) override { return absent(from); }
  Result<void> remove(const std::string& path) override {
    files.erase(path);
    return {};
  }
  Result<uint64_t> free_octets(const std::string&) override { return uint64_t{1} << 40; }

 private:
  static tl::unexpected<Error> absent(const std::string& path) {
    return failure(ErrorCode::not_found, "there is no file " + path);
  }
};

}  // namespace waypost::fakes
