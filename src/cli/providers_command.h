#pragma once

#include <string>
#include <string_view>

#include "cli/terminal.h"

namespace waypost::cli {

// `waypost providers`: how each site stands, those in trouble first. 75 when no relay runs.
int providers_command(const Global& global);

// `text` safe for a terminal and `columns` wide, cut or padded; a wide or unseen character counts
// as one column.
std::string in_columns(std::string_view text, size_t columns);

}  // namespace waypost::cli
