#pragma once

#include <string>

#include "base/result.h"
#include "io/disk.h"

namespace waypost::daemon {

// A data folder is for captured mail or for mail that is sent, from its first start on, and a file
// in it says which: what was captured must never go out, and what was to go out must not be kept.
// invalid_input, with what to do, where the folder is the other kind's. Blocks.
Result<void> claim_data_folder(io::Disk& disk, const std::string& data_dir, bool captures);

}  // namespace waypost::daemon
