#include "io/memory_disk.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/draw.h"

namespace waypost::io {
namespace {

tl::unexpected<Error> failed(int system_error, const char* act, const std::string& path) {
  return failure(base::system_failure(system_error, std::string(act) + " " + path));
}

// "" for a name in the working folder, and for the root.
std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

class MemoryAppendFile final : public AppendFile {
 public:
  MemoryAppendFile(MemoryDisk& disk, MemoryDisk::FilePtr file, std::string path)
      : disk_(disk),
        file_(std::move(file)),
        path_(std::move(path)),
        opened_after_cuts_(disk.power_cuts_) {}

  Result<void> append(std::string_view octets) override {
    std::lock_guard lock(disk_.mutex_);
    if (disk_.power_cuts_ != opened_after_cuts_) return failed(EIO, "writing", path_);
    return disk_.append(*file_, octets, path_);
  }
  Result<void> sync() override {
    std::lock_guard lock(disk_.mutex_);
    if (disk_.power_cuts_ != opened_after_cuts_) return failed(EIO, "syncing", path_);
    return disk_.sync(*file_, path_);
  }
  uint64_t size() const override {
    std::lock_guard lock(disk_.mutex_);
    return file_->octets.size();
  }

 private:
  MemoryDisk& disk_;
  MemoryDisk::FilePtr file_;
  std::string path_;
  uint64_t opened_after_cuts_;
};

void MemoryDisk::power_cut() {
  std::lock_guard lock(mutex_);
  ++power_cuts_;
  undo_names();
  for (auto& [path, file] : files_) lose_octets(*file);
}

void MemoryDisk::undo_names() {
  uint64_t kept = draw_below(rng_, unsynced_names_.size() + 1);
  for (size_t index = unsynced_names_.size(); index-- > kept;)
    for (NameChange& change : unsynced_names_[index]) set_name(change.path, change.before);
  unsynced_names_.clear();
}

void MemoryDisk::lose_octets(File& file) {
  size_t unsynced = file.octets.size() - file.synced;
  file.octets.resize(file.synced + draw_below(rng_, unsynced + 1));
  for (const Range& range : std::exchange(file.gone, {})) {
    size_t to = std::min(range.to, file.octets.size());
    if (range.from < to)
      std::fill(file.octets.begin() + static_cast<ptrdiff_t>(range.from),
                file.octets.begin() + static_cast<ptrdiff_t>(to), '\0');
  }
  file.synced = file.octets.size();
}

void MemoryDisk::set_free_octets(uint64_t octets) {
  std::lock_guard lock(mutex_);
  free_octets_ = octets;
}

void MemoryDisk::fail_next_append(int system_error) {
  std::lock_guard lock(mutex_);
  append_failure_ = system_error;
}

void MemoryDisk::fail_next_sync(int system_error) {
  std::lock_guard lock(mutex_);
  sync_failure_ = system_error;
}

Result<void> MemoryDisk::append(File& file, std::string_view octets, const std::string& path) {
  if (append_failure_) return failed(*std::exchange(append_failure_, {}), "writing", path);
  size_t room = static_cast<size_t>(std::min<uint64_t>(octets.size(), free_octets_));
  file.octets += octets.substr(0, room);
  free_octets_ -= room;
  if (room < octets.size()) return failed(ENOSPC, "writing", path);
  return {};
}

Result<void> MemoryDisk::sync(File& file, const std::string& path) {
  Range pending{file.synced, file.octets.size()};
  file.synced = pending.to;
  if (sync_failure_) {
    file.gone.push_back(pending);
    return failed(*std::exchange(sync_failure_, {}), "syncing", path);
  }
  keep_name_of(file);
  return {};
}

void MemoryDisk::keep_name_of(const File& file) {
  auto made = std::find_if(unsynced_names_.begin(), unsynced_names_.end(), [&](const auto& step) {
    return step.size() == 1 && step.front().after.get() == &file;
  });
  if (made != unsynced_names_.end()) unsynced_names_.erase(unsynced_names_.begin(), made + 1);
}

MemoryDisk::FilePtr MemoryDisk::find(const std::string& path) const {
  auto found = files_.find(path);
  return found == files_.end() ? nullptr : found->second;
}

bool MemoryDisk::folder_of_exists(const std::string& path) const {
  std::string folder = folder_of(path);
  return folder.empty() || folder == "." || folders_.contains(folder);
}

void MemoryDisk::set_name(const std::string& path, FilePtr file) {
  if (file)
    files_[path] = std::move(file);
  else
    files_.erase(path);
}

void MemoryDisk::change_names(NameStep step) {
  for (const NameChange& change : step) set_name(change.path, change.after);
  unsynced_names_.push_back(std::move(step));
}

Result<std::unique_ptr<AppendFile>> MemoryDisk::open_append(const std::string& path, unsigned) {
  std::lock_guard lock(mutex_);
  if (!folder_of_exists(path)) return failed(ENOENT, "opening", path);
  FilePtr file = find(path);
  if (!file) {
    file = std::make_shared<File>();
    change_names({{path, nullptr, file}});
  }
  return std::make_unique<MemoryAppendFile>(*this, std::move(file), path);
}

Result<std::string> MemoryDisk::read_file(const std::string& path, uint64_t octets_max) {
  TRY(std::string octets, read_range(path, 0, octets_max + 1));
  if (octets.size() > octets_max)
    return failure(ErrorCode::resource_exhausted,
                   path + " is longer than " + std::to_string(octets_max) + " octets");
  return octets;
}

Result<std::string> MemoryDisk::read_range(const std::string& path, uint64_t offset,
                                           uint64_t octets_max) {
  std::lock_guard lock(mutex_);
  FilePtr file = find(path);
  if (!file) return failed(ENOENT, "opening", path);
  if (offset >= file->octets.size()) return std::string();
  return file->octets.substr(static_cast<size_t>(offset), static_cast<size_t>(octets_max));
}

Result<void> MemoryDisk::write_file(const std::string& path, std::string_view octets, unsigned) {
  std::lock_guard lock(mutex_);
  std::string aside = path + ".new";
  if (!folder_of_exists(path)) return failed(ENOENT, "opening", aside);
  auto file = std::make_shared<File>();
  change_names({{aside, find(aside), file}});
  TRY_VOID(append(*file, octets, aside));
  TRY_VOID(sync(*file, aside));
  change_names({{aside, file, nullptr}, {path, find(path), file}});
  unsynced_names_.clear();
  return {};
}

Result<std::vector<std::string>> MemoryDisk::list(const std::string& folder) {
  std::lock_guard lock(mutex_);
  std::string parent = folder == "." ? std::string() : folder;
  std::vector<std::string> names;
  auto add = [&](const std::string& path) {
    if (!path.empty() && folder_of(path) == parent)
      names.push_back(path.substr(parent.empty() && path[0] != '/' ? 0 : parent.size() + 1));
  };
  for (const auto& [path, file] : files_) add(path);
  for (const std::string& path : folders_) add(path);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> MemoryDisk::make_folders(const std::string& folder, unsigned) {
  std::lock_guard lock(mutex_);
  for (size_t slash = folder.find('/', 1);; slash = folder.find('/', slash + 1)) {
    std::string part = folder.substr(0, slash);
    if (find(part)) return failed(ENOTDIR, "making the folder", part);
    folders_.insert(part);
    if (slash == std::string::npos) return {};
  }
}

Result<void> MemoryDisk::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  FilePtr file = find(from);
  if (!file || !folder_of_exists(to)) return failed(ENOENT, "renaming", from);
  if (from != to) change_names({{from, file, nullptr}, {to, find(to), file}});
  return {};
}

Result<void> MemoryDisk::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  FilePtr file = find(path);
  if (!file) return failed(ENOENT, "removing", path);
  change_names({{path, file, nullptr}});
  return {};
}

bool MemoryDisk::exists(const std::string& path) {
  std::lock_guard lock(mutex_);
  return find(path) || folders_.contains(path);
}

Result<uint64_t> MemoryDisk::free_octets(const std::string&) {
  std::lock_guard lock(mutex_);
  return free_octets_;
}

}  // namespace waypost::io
