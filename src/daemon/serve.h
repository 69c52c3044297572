#pragma once

#include "daemon/relay.h"

namespace waypost::daemon {

// `waypost serve`: runs the relay on the calling thread until SIGINT or SIGTERM, then stops it
// gracefully. Returns the exit code: 0, or 2 when it could not start.
int serve(RelayOptions options);

}  // namespace waypost::daemon
