#include "records/copy.h"

#include "io/disk.h"
#include "io/folders.h"
#include "records/sqlite.h"

namespace waypost::records {
namespace {

constexpr unsigned folder_mode = 0700;
constexpr unsigned file_mode = 0600;

bool is_gone(const Result<void>& copied) {
  return !copied && copied.error().code() == ErrorCode::not_found;
}

}  // namespace

Result<void> copy_database(const std::string& from, const std::string& to) {
  auto disk = io::make_system_disk();
  if (disk->exists(to)) return failure(ErrorCode::already_exists, to + " is there already");
  if (!disk->exists(from)) return failure(ErrorCode::not_found, "there is no " + from);
  // SQLite fills an empty file, and would make one with the mode that the umask leaves.
  TRY_VOID(disk->open_append(to, file_mode));
  TRY(Database database, Database::open_read_only(from));
  TRY(Statement copy, database.prepare("VACUUM INTO ?1"));
  Result<void> copied = copy.bind(1, to).run();
  if (!copied) return failure(std::move(copied).error().while_doing("copying " + from));
  return {};
}

Result<std::vector<std::string>> copy_records(
    const std::string& folder, const std::string& to,
    const std::function<void(const std::string& name)>& copied) {
  auto disk = io::make_system_disk();
  TRY_VOID(io::make_new_folder(to, folder_mode));
  std::vector<std::string> problems;
  TRY(std::vector<std::string> names, disk->list(folder));
  for (const std::string& name : names) {
    if (!name.ends_with(".db")) continue;
    Result<void> done = copy_database(folder + "/" + name, to + "/" + name);
    if (is_gone(done)) continue;
    if (!done && done.error().code() == ErrorCode::corrupt) {
      problems.push_back(name + " is damaged: " + done.error().describe());
      // What there is of the copy would look like a file that is whole.
      TRY_VOID(disk->remove(to + "/" + name));
      continue;
    }
    TRY_VOID(done);
    copied(name);
  }
  TRY_VOID(io::make_new_folder(to + "/events", folder_mode));
  TRY(names, disk->list(folder + "/events"));
  for (const std::string& name : names) {
    if (!name.ends_with(".jsonl")) continue;
    Result<void> done = io::copy_file(folder + "/events/" + name, to + "/events/" + name, file_mode,
                                      UINT64_MAX, {});
    if (is_gone(done)) continue;
    TRY_VOID(done);
    copied("events/" + name);
  }
  return problems;
}

}  // namespace waypost::records
