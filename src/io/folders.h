#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Whole folders of the file system, for what people do beside the relay: exports, backups. Every
// call blocks. Links are neither followed nor copied.
namespace waypost::io {

struct ListedFile {
  std::string path;  // below the folder: "records/events/x.jsonl"
  uint64_t octets = 0;
};
// Every plain file below `folder`, by path; an absent folder has none.
Result<std::vector<ListedFile>> files_below(const std::string& folder);

// already_exists where there is anything of that name.
Result<void> make_new_folder(const std::string& path, unsigned mode);
// Whether it holds nothing; not_found when there is none.
Result<bool> is_empty_folder(const std::string& path);
// With all that is in it; what is absent is passed over.
Result<void> remove_folder(const std::string& path);

// The first `octets_max` octets of `from` into the new file `to`, made with `mode`; each piece is
// given to `seen`. On stable storage after sync_all().
Result<void> copy_file(const std::string& from, const std::string& to, unsigned mode,
                       uint64_t octets_max, const std::function<void(std::string_view)>& seen);
// Another name for the same file where the file system can do that, else a copy.
Result<void> link_or_copy(const std::string& from, const std::string& to);

// All that was written to the file system that holds `path` is on stable storage.
Result<void> sync_all(const std::string& path);
// As rename(2), but never in the place of something: already_exists. On stable storage when it
// returns.
Result<void> rename_new(const std::string& from, const std::string& to);

// Whether the folder belongs to the user who runs this; not_found when there is none.
Result<bool> is_own(const std::string& path);

}  // namespace waypost::io
