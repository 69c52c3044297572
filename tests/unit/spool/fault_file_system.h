#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <rocksdb/file_system.h>

namespace waypost::spool {

// The system's files, but syncs are only noted: so a power cut can take away what was not synced,
// names of files included, and any operation can be made to fail.
class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using IOStatus = rocksdb::IOStatus;
  using Context = rocksdb::IODebugContext*;

  FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultFileSystem"; }

  // The n-th change from the start on, and all after it, fail.
  void die_at(uint64_t operation) { dies_at_ = operation; }
  bool dead() const { return operations_ >= dies_at_; }
  void fail_syncs() { syncs_fail_ = true; }
  void fill_disk() { full_ = true; }
  void slow_syncs(std::chrono::milliseconds each) { sync_time_ = each; }
  // None comes back until they are let go again.
  void hold_syncs(bool held) {
    syncs_held_ = held;
    syncs_held_.notify_all();
  }
  uint64_t log_syncs() const { return log_syncs_; }
  // How often somebody wanted to know how much room there is.
  uint64_t questions_of_room() const { return questions_of_room_; }

  // To be called when the database is closed. Of octets that were not synced, a `tail_percent` part
  // is left of each file.
  void power_cut(unsigned tail_percent) {
    power_cut_with([&](const std::string& path, const FileState& file) {
      std::filesystem::resize_file(path,
                                   file.synced + (file.written - file.synced) * tail_percent / 100);
    });
  }
  // The same, but of each log any sectors of what was not synced are left, with zeros between them.
  void power_cut_in_sectors(uint32_t seed) {
    std::minstd_rand random(seed + 1);
    power_cut_with([&](const std::string& path, const FileState& file) {
      if (!path.ends_with(".log")) return std::filesystem::resize_file(path, file.synced);
      lose_sectors(path, file, random);
    });
  }

 private:
  struct FileState {
    uint64_t written = 0;
    uint64_t synced = 0;
    bool name_synced = false;
  };

  static void lose_sectors(const std::string& path, const FileState& file,
                           std::minstd_rand& random) {
    constexpr uint64_t sector_octets = 512;
    std::fstream log(path, std::ios::in | std::ios::out | std::ios::binary);
    for (uint64_t at = file.synced; at < file.written;) {
      const uint64_t end = std::min(file.written, (at / sector_octets + 1) * sector_octets);
      if (random() % 2 == 0) {
        log.seekp(std::streamoff(at));
        log << std::string(end - at, '\0');
      }
      at = end;
    }
  }

  template <typename Cut>
  void power_cut_with(const Cut& cut) {
    for (auto undo = renames_.rbegin(); undo != renames_.rend(); ++undo) {
      std::filesystem::remove(undo->target);
      if (undo->replaced) std::ofstream(undo->target, std::ios::binary) << *undo->replaced;
    }
    for (const auto& [path, file] : files_) {
      if (!std::filesystem::exists(path)) continue;
      if (!file.name_synced)
        std::filesystem::remove(path);
      else
        cut(path, file);
    }
  }

 public:
  IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                        uint64_t* octets, Context context) override {
    ++questions_of_room_;
    return target()->GetFreeSpace(path, options, octets, context);
  }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           Context context) override {
    if (IOStatus status = step(); !status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    IOStatus status = target()->NewWritableFile(path, options, &file, context);
    if (!status.ok()) return status;
    note([&] { files_[path] = {}; });
    *result = std::make_unique<File>(*this, path, std::move(file));
    return status;
  }

  IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result, Context context) override {
    std::unique_ptr<rocksdb::FSDirectory> directory;
    IOStatus status = target()->NewDirectory(path, options, &directory, context);
    if (status.ok()) *result = std::make_unique<Directory>(*this, path, std::move(directory));
    return status;
  }

  IOStatus RenameFile(const std::string& source, const std::string& target_path,
                      const rocksdb::IOOptions& options, Context context) override {
    if (IOStatus status = step(); !status.ok()) return status;
    std::optional<std::string> replaced;
    if (std::ifstream old(target_path, std::ios::binary); old) {
      std::ostringstream octets;
      octets << old.rdbuf();
      replaced = octets.str();
    }
    IOStatus status = target()->RenameFile(source, target_path, options, context);
    if (status.ok())
      note([&] {
        renames_.push_back({target_path, std::move(replaced)});
        files_[target_path] = files_[source];
        files_[target_path].name_synced = true;  // the undo list has it until the folder is synced
        files_.erase(source);
      });
    return status;
  }

  IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                      Context context) override {
    if (IOStatus status = step(); !status.ok()) return status;
    note([&] { files_.erase(path); });
    return target()->DeleteFile(path, options, context);
  }

 private:
  struct Rename {
    std::string target;
    std::optional<std::string> replaced;
  };

  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultFileSystem& system, std::string path, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), system_(system), path_(std::move(path)) {}
    IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                    Context context) override {
      if (IOStatus status = system_.step(); !status.ok()) return status;
      if (system_.full_) return IOStatus::NoSpace("no space in the test");
      system_.note([&] { system_.files_[path_].written += data.size(); });
      return target()->Append(data, options, context);
    }
    IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                    const rocksdb::DataVerificationInfo&, Context context) override {
      return Append(data, options, context);
    }
    IOStatus Sync(const rocksdb::IOOptions&, Context) override {
      // RocksDB 7.8 ends the process when one thread's sync of a closed log fails while another
      // waits to sync it too. Nothing rests on this sync: the newest log's fails all the same.
      if (IOStatus status = system_.step(); !status.ok())
        return system_.is_closed_log(path_) ? IOStatus::OK() : status;
      if (system_.syncs_fail_) return IOStatus::IOError("a sync that fails in the test");
      if (path_.ends_with(".log")) ++system_.log_syncs_;
      std::this_thread::sleep_for(system_.sync_time_.load());
      system_.syncs_held_.wait(true);
      system_.note([&] {
        FileState& state = system_.files_[path_];
        state.synced = state.written;
      });
      return IOStatus::OK();
    }
    IOStatus Fsync(const rocksdb::IOOptions& options, Context context) override {
      return Sync(options, context);
    }
    IOStatus RangeSync(uint64_t, uint64_t, const rocksdb::IOOptions&, Context) override {
      return IOStatus::OK();
    }

   private:
    FaultFileSystem& system_;
    std::string path_;
  };

  class Directory final : public rocksdb::FSDirectoryWrapper {
   public:
    Directory(FaultFileSystem& system, std::string path,
              std::unique_ptr<rocksdb::FSDirectory> directory)
        : FSDirectoryWrapper(std::move(directory)), system_(system), path_(std::move(path)) {}
    IOStatus Fsync(const rocksdb::IOOptions&, Context) override {
      if (IOStatus status = system_.step(); !status.ok()) return status;
      system_.note([&] {
        for (auto& [path, file] : system_.files_)
          if (std::filesystem::path(path).parent_path() == path_) file.name_synced = true;
        system_.renames_.clear();  // one folder is all there is
      });
      return IOStatus::OK();
    }
    IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options, Context context,
                                 const rocksdb::DirFsyncOptions&) override {
      return Fsync(options, context);
    }

   private:
    FaultFileSystem& system_;
    std::string path_;
  };

  IOStatus step() {
    if (operations_++ >= dies_at_) return IOStatus::IOError("the machine is off in the test");
    return IOStatus::OK();
  }
  bool is_closed_log(const std::string& path) {
    if (!path.ends_with(".log")) return false;
    std::lock_guard lock(mutex_);
    return std::any_of(files_.begin(), files_.end(), [&](const auto& file) {
      return file.first.ends_with(".log") && file.first > path;
    });
  }
  template <class Change>
  void note(Change change) {
    std::lock_guard lock(mutex_);
    change();
  }

  std::atomic<uint64_t> operations_ = 0;
  std::atomic<uint64_t> dies_at_ = UINT64_MAX;
  std::atomic<bool> syncs_fail_ = false;
  std::atomic<bool> full_ = false;
  std::atomic<uint64_t> log_syncs_ = 0;
  std::atomic<uint64_t> questions_of_room_ = 0;
  std::atomic<std::chrono::milliseconds> sync_time_ = std::chrono::milliseconds(0);
  std::atomic<bool> syncs_held_ = false;
  std::mutex mutex_;
  std::map<std::string, FileState> files_;
  std::vector<Rename> renames_;
};

}  // namespace waypost::spool
