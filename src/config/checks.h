#pragma once

#include "config/notebook.h"

namespace waypost::config {

// What can only be judged when all files are read: what is missing, and what contradicts what.
void check_whole(Notebook& notebook, const Config& config);

}  // namespace waypost::config
