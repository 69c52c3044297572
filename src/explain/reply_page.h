#pragma once

#include <string_view>

#include "explain/answer.h"
#include "explain/page.h"

namespace waypost::explain {

// What a person sees for one reply: what was said, what it means, who acts, one fix, the others,
// and a verdict as the last line. At most block_lines_max lines between headline and verdict; what
// does not fit is behind `waypost explain ID`.
inline constexpr size_t block_lines_max = 16;
Page reply_page(std::string_view text, const Answer& answer);

}  // namespace waypost::explain
