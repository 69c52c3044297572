#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

#include "io/descriptor.h"
#include "io/disk.h"

namespace waypost::io {
namespace {

namespace fs = std::filesystem;

class SystemAppendFile final : public AppendFile {
 public:
  SystemAppendFile(Descriptor descriptor, std::string path, uint64_t size)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), size_(size) {}

  Result<void> append(std::string_view octets) override {
    TRY_VOID(write_all(descriptor_.get(), octets, path_));
    size_ += octets.size();
    return {};
  }
  Result<void> sync() override {
    if (::fdatasync(descriptor_.get()) != 0) return system_error("syncing", path_);
    return {};
  }
  uint64_t size() const override { return size_; }

 private:
  Descriptor descriptor_;
  std::string path_;
  uint64_t size_;
};

class SystemDisk final : public Disk {
 public:
  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path, unsigned mode) override {
    Descriptor descriptor(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode));
    struct stat facts;
    if (!descriptor.valid() || ::fstat(descriptor.get(), &facts) != 0)
      return system_error("opening", path);
    return std::make_unique<SystemAppendFile>(std::move(descriptor), path,
                                              static_cast<uint64_t>(facts.st_size));
  }

  Result<std::string> read_file(const std::string& path, uint64_t octets_max) override {
    // One octet more shows that there is more.
    TRY(std::string octets, read_range(path, 0, std::max(octets_max, octets_max + 1)));
    if (octets.size() > octets_max)
      return failure(ErrorCode::resource_exhausted,
                     path + " is longer than " + std::to_string(octets_max) + " octets");
    return octets;
  }

  Result<std::string> read_private_file(const std::string& path, uint64_t octets_max) override {
    Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts;
    if (!descriptor.valid() || ::fstat(descriptor.get(), &facts) != 0)
      return system_error("opening", path);
    if ((facts.st_mode & S_IRWXO) != 0)
      return failure(ErrorCode::permission_denied,
                     path + " is open to all users of this machine: chmod o= " + path);
    TRY(std::string octets, read_open_file(descriptor.get(), path, 0, octets_max + 1));
    if (octets.size() > octets_max)
      return failure(ErrorCode::resource_exhausted,
                     path + " is longer than " + std::to_string(octets_max) + " octets");
    return octets;
  }

  Result<std::string> read_range(const std::string& path, uint64_t offset,
                                 uint64_t octets_max) override {
    Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.valid()) return system_error("opening", path);
    return read_open_file(descriptor.get(), path, offset, octets_max);
  }

  static Result<std::string> read_open_file(int descriptor, const std::string& path,
                                            uint64_t offset, uint64_t octets_max) {
    std::string octets;
    // As much as is there, not as much as may be: whoever follows a file asks for far more than it
    // holds. Some files tell no size, and some grow meanwhile.
    constexpr uint64_t step_min = 4096, step_max = 1 << 20;
    struct stat facts {};
    const bool is_known = ::fstat(descriptor, &facts) == 0 && facts.st_size > 0;
    const uint64_t size = is_known ? static_cast<uint64_t>(facts.st_size) : 0;
    while (octets.size() < octets_max) {
      size_t before = octets.size();
      const uint64_t left = size - std::min(size, offset + before);
      const uint64_t step = std::clamp(left, step_min, step_max);
      octets.resize(std::min<uint64_t>(octets_max, before + step));
      ssize_t count = ::pread(descriptor, octets.data() + before, octets.size() - before,
                              static_cast<off_t>(offset + before));
      octets.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error("reading", path);
      if (count == 0) break;
    }
    return octets;
  }

  Result<void> write_file(const std::string& path, std::string_view octets,
                          unsigned mode) override {
    std::string aside = path + ".new";
    {
      // What a crash left there may have another mode or owner, so it is not written into.
      if (::unlink(aside.c_str()) != 0 && errno != ENOENT) return system_error("removing", aside);
      Descriptor descriptor(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
      if (!descriptor.valid()) return system_error("opening", aside);
      TRY_VOID(write_all(descriptor.get(), octets, aside));
      if (::fsync(descriptor.get()) != 0) return system_error("syncing", aside);
    }
    TRY_VOID(rename(aside, path));
    return sync_folder(fs::path(path).parent_path().empty() ? "." : fs::path(path).parent_path());
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
      names.push_back(entry->path().filename());
    if (error && error != std::errc::no_such_file_or_directory)
      return failure(base::system_failure(error.value(), "listing " + folder));
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> make_folders(const std::string& folder, unsigned mode) override {
    std::string path = folder;
    for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
      std::string part = path.substr(0, slash);
      bool made = ::mkdir(part.c_str(), mode) == 0;
      if (!made && errno == EEXIST) {
        std::error_code ignored;
        made = fs::is_directory(part, ignored);
        errno = ENOTDIR;
      }
      if (!made) return system_error("making the folder", part);
      if (slash == std::string::npos) return {};
    }
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("renaming", from);
    return {};
  }
  Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return system_error("removing", path);
    return {};
  }
  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Result<uint64_t> free_octets(const std::string& path) override {
    struct statvfs facts;
    if (::statvfs(path.c_str(), &facts) != 0) return system_error("asking for free space at", path);
    return uint64_t{facts.f_bavail} * facts.f_frsize;
  }
};

}  // namespace

std::unique_ptr<Disk> make_system_disk() { return std::make_unique<SystemDisk>(); }

}  // namespace waypost::io
