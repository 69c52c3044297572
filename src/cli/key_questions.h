#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/time.h"
#include "cli/terminal.h"
#include "mailauth/dkim_lookup.h"

namespace waypost::cli {

// What DNS says about the keys of those names; no question is asked where there are none. The error
// is the exit code.
tl::expected<mailauth::KeyAnswers, int> ask_for_keys(const Global& global, Duration patience,
                                                     const std::vector<std::string>& names);

}  // namespace waypost::cli
