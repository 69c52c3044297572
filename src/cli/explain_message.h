#pragma once

#include <cstddef>
#include <string_view>

#include "classify/classifier.h"
#include "cli/terminal.h"

namespace waypost::cli {

// Of a file or of standard input.
inline constexpr size_t explained_octets_max = 64 << 20;

// Whether the octets are a message, or the text of a bounce, and not one reply.
bool is_message(std::string_view octets);

// A bounce, complaint, automatic answer or report. 0, or 1 when it is none of them.
int explain_message(const Global& global, const classify::Classifier& classifier,
                    std::string_view octets);

}  // namespace waypost::cli
