#pragma once

#include <string>
#include <string_view>

namespace waypost::cli {

// `text` as a terminal may get it: valid UTF-8, and control characters, those of C1 too, as \xNN,
// so that no peer can move a cursor, forge a line or name a window.
std::string terminal_text(std::string_view text);

}  // namespace waypost::cli
