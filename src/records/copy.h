#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace waypost::records {

// Copies the database `from`, as it is at this moment, into the new file `to` (0600), beside
// whoever writes to it. Blocks, and keeps nobody from writing. already_exists when there is such a
// file, not_found when there is no database.
Result<void> copy_database(const std::string& from, const std::string& to);

// Copies all records of `folder` into the new folder `to`: the keys, the days, and after them the
// event log, so that it holds all that the days know of it. Files that SQLite found damaged stay
// behind; one that goes meanwhile is passed over. `copied` gets the name of each. What is damaged
// without being known as that is no failure but a line of the answer. Blocks.
Result<std::vector<std::string>> copy_records(
    const std::string& folder, const std::string& to,
    const std::function<void(const std::string& name)>& copied);

}  // namespace waypost::records
