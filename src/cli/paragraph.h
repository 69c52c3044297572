#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace waypost::cli {

// `text` in lines of at most 78 columns, broken at spaces, each behind `indent` spaces and with a
// line feed; a word that is too long stays whole.
std::string paragraph(std::string_view text, size_t indent);

}  // namespace waypost::cli
