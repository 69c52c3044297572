#pragma once

#include <functional>

#include <tl/expected.hpp>

#include "base/time.h"
#include "cli/terminal.h"
#include "dns/resolver.h"
#include "io/task.h"

namespace waypost::cli {

// For commands that look names up: runs `ask` on a loop and a resolver of its own until it ends;
// its deadline is `patience` from now. The resolver is the one of --resolver, else that of the
// configuration when there is one, else the system's. `ask` must be a function whose coroutine
// keeps no reference to what it does not own. A failure has been shown; the error is the exit code.
tl::expected<void, int> ask_resolver(
    const Global& global, Duration patience,
    const std::function<io::Task<void>(dns::Resolver& resolver, Instant deadline)>& ask);

}  // namespace waypost::cli
