#pragma once

#include <vector>

#include "dashboard/file.h"

namespace waypost::dashboard {

// What ui/dist held when the program was built; empty where there was none.
const std::vector<File>& shipped_dashboard();

}  // namespace waypost::dashboard
