#include "io/folders.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "io/descriptor.h"

namespace waypost::io {
namespace {

namespace fs = std::filesystem;

constexpr size_t piece_octets = 1 << 20;

std::string folder_of(const std::string& path) {
  std::string parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent;
}

}  // namespace

Result<std::vector<ListedFile>> files_below(const std::string& folder) {
  std::vector<ListedFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat facts;
    if (::lstat(entry->path().c_str(), &facts) != 0) {
      if (errno == ENOENT) continue;  // gone since it was listed
      return system_error("looking at", entry->path());
    }
    if (S_ISREG(facts.st_mode))
      files.push_back({entry->path().lexically_relative(folder), uint64_t(facts.st_size)});
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return failure(base::system_failure(error.value(), "listing " + folder));
  std::sort(files.begin(), files.end(),
            [](const ListedFile& a, const ListedFile& b) { return a.path < b.path; });
  return files;
}

Result<void> make_new_folder(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) != 0) return system_error("making the folder", path);
  return {};
}

Result<bool> is_empty_folder(const std::string& path) {
  std::error_code error;
  bool empty = fs::is_empty(path, error);
  if (error) return failure(base::system_failure(error.value(), "looking into " + path));
  return empty;
}

Result<void> remove_folder(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return failure(base::system_failure(error.value(), "removing " + path));
  return {};
}

Result<void> copy_file(const std::string& from, const std::string& to, unsigned mode,
                       uint64_t octets_max, const std::function<void(std::string_view)>& seen) {
  // Not even a pipe that was put in its place may hold us up.
  Descriptor source(::open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat facts;
  if (!source.valid() || ::fstat(source.get(), &facts) != 0) return system_error("opening", from);
  if (!S_ISREG(facts.st_mode)) return failure(ErrorCode::not_found, from + " is no plain file");
  Descriptor copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!copy.valid()) return system_error("making", to);
  std::string buffer(piece_octets, '\0');
  while (octets_max > 0) {
    ssize_t count =
        ::read(source.get(), buffer.data(), std::min<uint64_t>(buffer.size(), octets_max));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("reading", from);
    if (count == 0) break;
    std::string_view piece(buffer.data(), static_cast<size_t>(count));
    TRY_VOID(write_all(copy.get(), piece, to));
    if (seen) seen(piece);
    octets_max -= piece.size();
  }
  return {};
}

Result<void> link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == EEXIST) return system_error("making", to);
  return copy_file(from, to, 0600, UINT64_MAX, {});
}

Result<void> sync_all(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || ::syncfs(file.get()) != 0) return system_error("syncing", path);
  return {};
}

Result<void> rename_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0)
    return system_error("renaming", from + " to " + to);
  TRY_VOID(sync_folder(folder_of(from)));
  return sync_folder(folder_of(to));
}

Result<bool> is_own(const std::string& path) {
  struct stat facts;
  if (::stat(path.c_str(), &facts) != 0) return system_error("looking at", path);
  return facts.st_uid == ::geteuid();
}

}  // namespace waypost::io
