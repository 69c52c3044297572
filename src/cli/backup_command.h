#pragma once

#include <string>

#include "cli/terminal.h"

namespace waypost::cli {

// `waypost backup FOLDER`, beside a running relay or without one. 0 when the backup is whole, 1
// when it holds a damaged spool, as it is.
int backup_command(const Global& global, const std::string& folder);

struct RestoreArguments {
  std::string folder;
  bool hold = false;
};
// `waypost restore FOLDER`, into a data folder that is empty.
int restore_command(const Global& global, const RestoreArguments& arguments);

}  // namespace waypost::cli
