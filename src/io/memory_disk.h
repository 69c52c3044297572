#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/disk.h"
#include "io/rng.h"

namespace waypost::io {

// A disk that forgets what was not synced when the power is cut, in ways that a seed decides. It
// models a journaling file system: what is appended lasts when the file is synced, and the name
// that it was made with. Changes of names last in their order, so with one all that came before it,
// and all of them once write_file() has synced a folder. Folders last at once. Thread: any, as for
// Disk; failures and power cuts come from one.
class MemoryDisk final : public Disk {
 public:
  explicit MemoryDisk(uint64_t seed) : rng_(seed) {}

  // Loses what is not durable: of each file's unsynced octets a random part stays, of the names
  // that changed since the last sync of a folder the older ones. Files that are open fail from then
  // on with io_failure.
  void power_cut();

  // Free space from now on; appending takes of it, removing does not give it back. The whole of
  // uint64_t at the start.
  void set_free_octets(uint64_t octets);
  // The next append or write_file, or the next sync, fails with this errno, once. What the failed
  // sync should have kept is lost at a power cut even if a later sync succeeds: the kernel has
  // dropped it (and reads still see it until then).
  void fail_next_append(int system_error);
  void fail_next_sync(int system_error);

  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path, unsigned mode) override;
  Result<std::string> read_file(const std::string& path, uint64_t octets_max) override;
  Result<std::string> read_range(const std::string& path, uint64_t offset,
                                 uint64_t octets_max) override;
  Result<void> write_file(const std::string& path, std::string_view octets, unsigned mode) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<void> make_folders(const std::string& folder, unsigned mode) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<uint64_t> free_octets(const std::string& path) override;

 private:
  friend class MemoryAppendFile;
  struct Range {
    size_t from;
    size_t to;
  };
  struct File {
    std::string octets;
    size_t synced = 0;        // so many octets from the start are durable ...
    std::vector<Range> gone;  // ... but for these, which a failed sync has dropped
  };
  using FilePtr = std::shared_ptr<File>;
  // One path that points at another file than before; null is none.
  struct NameChange {
    std::string path;
    FilePtr before;
    FilePtr after;
  };
  using NameStep = std::vector<NameChange>;  // happens as a whole: a rename changes two

  Result<void> append(File& file, std::string_view octets, const std::string& path);
  Result<void> sync(File& file, const std::string& path);
  FilePtr find(const std::string& path) const;
  bool folder_of_exists(const std::string& path) const;
  void change_names(NameStep step);
  void set_name(const std::string& path, FilePtr file);
  void keep_name_of(const File& file);
  void undo_names();
  void lose_octets(File& file);

  std::mutex mutex_;
  SeededRng rng_;
  std::map<std::string, FilePtr> files_;
  std::set<std::string> folders_;
  std::vector<NameStep> unsynced_names_;  // oldest first
  uint64_t free_octets_ = UINT64_MAX;
  std::optional<int> append_failure_;
  std::optional<int> sync_failure_;
  uint64_t power_cuts_ = 0;
};

}  // namespace waypost::io
