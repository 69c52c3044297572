#include "io/drop_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "io/descriptor.h"

namespace waypost::io {
namespace {

// Names that a hostile member of the group may have chosen never leave the folder.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name[0] != '.' && name.size() <= 255 &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

Result<void> make_folder(const std::string& path, mode_t mode, gid_t group, bool shared) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("making the folder", path);
  // Also for one that was there: another group may have been chosen.
  if (shared && ::chown(path.c_str(), static_cast<uid_t>(-1), group) != 0)
    return system_error("giving the group its folder", path);
  if (::chmod(path.c_str(), shared ? mode : 0700) != 0)
    return system_error("setting the rights of", path);
  return {};
}

Result<gid_t> group_named(const std::string& name) {
  errno = 0;
  const ::group* entry = ::getgrnam(name.c_str());
  if (entry == nullptr)
    return failure(ErrorCode::not_found, "there is no group \"" + name + "\" on this machine");
  return entry->gr_gid;
}

}  // namespace

// ---- leaving

DroppedFile::~DroppedFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink((folder_ + "/tmp/" + name_).c_str());
}

Result<void> DroppedFile::append(std::string_view octets) {
  return write_all(descriptor_, octets, folder_);
}

Result<void> DroppedFile::leave() {
  const std::string from = folder_ + "/tmp/" + name_;
  const std::string to = folder_ + "/new/" + name_;
  if (::fsync(descriptor_) != 0) return system_error("syncing", from);
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error("renaming", from);
  const int descriptor = std::exchange(descriptor_, -1);
  // From here on it may be taken at any time, whatever still fails. Members of the group may not
  // open the folder, so that they cannot sync it: the file's own sync takes its new name along.
  const bool synced = ::fsync(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  if (!synced) return failure(base::system_failure(error, "syncing " + to));
  Result<void> name_synced = sync_folder(folder_ + "/new");
  if (!name_synced && name_synced.error().code() == ErrorCode::permission_denied) return {};
  return name_synced;
}

Result<std::unique_ptr<DroppedFile>> DropFolder::begin(const std::string& name) {
  const std::string path = folder_ + "/tmp/" + name;
  struct stat folder;
  if (::stat((folder_ + "/tmp").c_str(), &folder) != 0) return system_error("opening", folder_);
  int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return system_error("leaving a message in", folder_ + "/tmp");
  std::unique_ptr<DroppedFile> file(new DroppedFile(descriptor, folder_, name));
  // Who takes it is another user, and knows it by the group.
  struct stat facts;
  if (::fstat(descriptor, &facts) != 0) return system_error("opening", path);
  bool readable = facts.st_uid == folder.st_uid ||
                  ((facts.st_gid == folder.st_gid ||
                    ::fchown(descriptor, static_cast<uid_t>(-1), folder.st_gid) == 0) &&
                   ::fchmod(descriptor, 0640) == 0);
  if (!readable) return system_error("letting the relay read", path);
  return file;
}

// ---- taking

FoundFile::~FoundFile() { ::close(descriptor_); }

Result<std::string> FoundFile::read(uint64_t offset, uint64_t octets_max) {
  std::string octets(octets_max, '\0');
  size_t got = 0;
  while (got < octets.size()) {
    ssize_t count = ::pread(descriptor_, octets.data() + got, octets.size() - got,
                            static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("reading", "a dropped message");
    if (count == 0) break;
    got += static_cast<size_t>(count);
  }
  octets.resize(got);
  return octets;
}

Result<void> DropFolder::prepare(const std::string& group) {
  gid_t id = 0;
  const bool shared = !group.empty();
  if (shared) {
    TRY(id, group_named(group));
  }
  TRY_VOID(make_folder(folder_, 0710, id, shared));
  // Sticky: only its owner and the relay may take a file away. Not readable: nobody learns the
  // names.
  TRY_VOID(make_folder(folder_ + "/tmp", 01730, id, shared));
  TRY_VOID(make_folder(folder_ + "/new", 01730, id, shared));
  return make_folder(folder_ + "/refused", 0700, id, false);
}

// A folder within is no file of ours, and stays.
Result<void> DropFolder::sweep_begun(WallTime before) {
  const std::string path = folder_ + "/tmp";
  DIR* listing = ::opendir(path.c_str());
  if (listing == nullptr) return system_error("listing", path);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(before).time_since_epoch().count();
  Result<void> result;
  while (const dirent* entry = ::readdir(listing)) {
    struct stat facts {};
    const int descriptor = ::dirfd(listing);
    if (::fstatat(descriptor, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(facts.st_mode) || facts.st_mtim.tv_sec >= seconds) continue;
    const bool removed = ::unlinkat(descriptor, entry->d_name, 0) == 0 || errno == ENOENT;
    if (!removed && result) result = system_error("removing", path + "/" + entry->d_name);
  }
  ::closedir(listing);
  return result;
}

Result<std::vector<std::string>> DropFolder::names(size_t names_max) {
  const std::string path = folder_ + "/new";
  DIR* listing = ::opendir(path.c_str());
  if (listing == nullptr) return system_error("listing", path);
  std::vector<std::string> names;
  while (names.size() < names_max) {
    const dirent* entry = ::readdir(listing);
    if (entry == nullptr) break;
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(listing);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::unique_ptr<FoundFile>> DropFolder::open(const std::string& name) {
  const std::string path = folder_ + "/new/" + name;
  if (!is_plain_name(name)) return failure(ErrorCode::invalid_input, "no name of a file");
  // Non-blocking: a pipe would wait for its other end.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0 && errno == ELOOP)
    return failure(ErrorCode::invalid_input, path + " is a link");
  if (descriptor < 0) return system_error("opening", path);
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) {
    tl::unexpected<Error> failed = system_error("examining", path);
    ::close(descriptor);
    return failed;
  }
  if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1) {
    ::close(descriptor);
    return failure(ErrorCode::invalid_input, path + " is no plain file of its own");
  }
  return std::unique_ptr<FoundFile>(
      new FoundFile(descriptor, facts.st_uid, static_cast<uint64_t>(facts.st_size)));
}

Result<void> DropFolder::rename(const std::string& name, const std::string& to) {
  if (!is_plain_name(name) || !is_plain_name(to))
    return failure(ErrorCode::invalid_input, "no name of a file");
  const std::string path = folder_ + "/new/" + name;
  if (::rename(path.c_str(), (folder_ + "/new/" + to).c_str()) != 0)
    return system_error("renaming", path);
  return sync_folder(folder_ + "/new");
}

Result<void> DropFolder::remove(const std::string& name) {
  if (!is_plain_name(name)) return failure(ErrorCode::invalid_input, "no name of a file");
  const std::string path = folder_ + "/new/" + name;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("removing", path);
  return sync_folder(folder_ + "/new");
}

Result<void> DropFolder::set_aside(const std::string& name) {
  if (!is_plain_name(name)) return failure(ErrorCode::invalid_input, "no name of a file");
  const std::string path = folder_ + "/new/" + name;
  if (::rename(path.c_str(), (folder_ + "/refused/" + name).c_str()) != 0)
    return system_error("setting aside", path);
  return sync_folder(folder_ + "/new");
}

}  // namespace waypost::io
