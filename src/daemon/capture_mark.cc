#include "daemon/capture_mark.h"

#include "config/data_paths.h"

namespace waypost::daemon {

Result<void> claim_data_folder(io::Disk& disk, const std::string& data_dir, bool captures) {
  constexpr unsigned folder_mode = 0750, file_mode = 0640;
  const std::string mark = data_dir + "/capture";
  const bool is_marked = disk.exists(mark);
  if (!captures && is_marked)
    return failure(ErrorCode::invalid_input,
                   data_dir +
                       " holds mail that `waypost serve --capture` took and that must not be "
                       "sent: set data_dir to another folder, or empty this one");
  if (!captures || is_marked) return {};
  if (disk.exists(config::DataPaths(data_dir).spool))
    return failure(ErrorCode::invalid_input,
                   data_dir +
                       " is the data folder of a relay that sends, and its queue may hold "
                       "mail: name another folder with --data");
  TRY_VOID(disk.make_folders(data_dir, folder_mode));
  return disk.write_file(mark, "Captured mail: none of it is ever sent.\n", file_mode);
}

}  // namespace waypost::daemon
