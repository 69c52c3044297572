#pragma once

#include "cli/terminal.h"
#include "explain/page.h"

namespace waypost::cli {

// A page on standard output, its tones as colours where there are any.
void show(const explain::Page& page, const Global& global);

}  // namespace waypost::cli
