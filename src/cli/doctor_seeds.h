#pragma once

#include <string>

#include <tl/expected.hpp>

#include "cli/terminal.h"
#include "seeds/seed.h"

namespace waypost::cli {

// The mailboxes that a seeds file names, each with its password; or the exit code, once it was said
// what is wrong. A file of a password that other users of the machine can read is refused.
tl::expected<seeds::Seeds, int> load_seeds(const std::string& file, const Global& global);

}  // namespace waypost::cli
