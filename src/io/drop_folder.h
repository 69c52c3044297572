#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// A folder in which processes of other users leave files for one that need not run. Who may leave
// something is a matter of the group: members may make files in tmp/ and new/, and neither list
// them nor touch those of others. What they leave is theirs until it was taken, so whoever reads it
// believes nothing. Every call blocks.
namespace waypost::io {

// A file that is being left. Destroying it before leave() takes it away again.
class DroppedFile {
 public:
  ~DroppedFile();
  DroppedFile(const DroppedFile&) = delete;
  DroppedFile& operator=(const DroppedFile&) = delete;

  Result<void> append(std::string_view octets);
  // When it returns, the whole file and its name are on stable storage.
  // Limits: that a file's sync takes its new name along is so on ext4, XFS and Btrfs, and not
  // promised by POSIX; users who may list the folder sync it as well.
  Result<void> leave();

 private:
  friend class DropFolder;
  DroppedFile(int descriptor, std::string folder, std::string name)
      : descriptor_(descriptor), folder_(std::move(folder)), name_(std::move(name)) {}
  int descriptor_;
  std::string folder_;
  std::string name_;
};

// A file that was left.
class FoundFile {
 public:
  ~FoundFile();
  FoundFile(const FoundFile&) = delete;
  FoundFile& operator=(const FoundFile&) = delete;

  uint32_t owner() const { return owner_; }
  uint64_t octets() const { return octets_; }
  // Less than `octets_max` only at its end. It may have been changed meanwhile.
  Result<std::string> read(uint64_t offset, uint64_t octets_max);

 private:
  friend class DropFolder;
  FoundFile(int descriptor, uint32_t owner, uint64_t octets)
      : descriptor_(descriptor), owner_(owner), octets_(octets) {}
  int descriptor_;
  uint32_t owner_;
  uint64_t octets_;
};

class DropFolder {
 public:
  explicit DropFolder(std::string folder) : folder_(std::move(folder)) {}

  // For who takes: makes the folders, with the rights of `group`; none: its own user alone. Fails
  // with not_found when there is no such group.
  Result<void> prepare(const std::string& group);
  // Removes what was begun and not written to since `before`: whoever began it died. Fails when
  // the folder cannot be listed, or with the first file that stays.
  Result<void> sweep_begun(WallTime before);

  // For who leaves; `name` is one that nobody else will take. Fails with permission_denied for
  // users that are not in the group, not_found when nobody has prepared it.
  Result<std::unique_ptr<DroppedFile>> begin(const std::string& name);

  // What was left, `names_max` at most, in the order of the names.
  Result<std::vector<std::string>> names(size_t names_max);
  // Fails with invalid_input for what is no plain file with this one name: a link, a pipe.
  Result<std::unique_ptr<FoundFile>> open(const std::string& name);
  // When it returns, it has the new name for good. `to` is one that nobody else will take.
  Result<void> rename(const std::string& name, const std::string& to);
  // When it returns, it will not come back, not even after a power cut.
  Result<void> remove(const std::string& name);
  // To refused/, where a person may look at it.
  Result<void> set_aside(const std::string& name);

 private:
  std::string folder_;
};

}  // namespace waypost::io
