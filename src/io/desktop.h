#pragma once

#include <string>

#include "base/result.h"

namespace waypost::io {

// Has the desktop show a page, by xdg-open(1), and does not wait for it. not_found when there is no
// such program. The page outlives this program, and a Ctrl-C in its terminal. Any thread.
Result<void> open_in_browser(const std::string& url);

}  // namespace waypost::io
