#pragma once

#include "config/config.h"
#include "config/notebook.h"

namespace waypost::config {

// What [[source]], [[pool]] and the pools of routes and [delivery] say together.
void check_egress(Notebook& notebook, const Config& config);

}  // namespace waypost::config
