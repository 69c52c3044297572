#pragma once

#include "daemon/relay.h"
#include "io/service_manager.h"

namespace waypost::daemon {

// `waypost serve`: runs the relay on the calling thread until SIGINT or SIGTERM, then stops it
// gracefully. SIGHUP reloads. The supervisor, if any, hears how it does. Returns the exit code: 0,
// or why it could not start: 77 rights, 78 configuration or certificate, 75 what may pass (an
// address in use, no memory), 2 anything else.
int serve(RelayOptions options, const io::SupervisorVariables& supervisor);

}  // namespace waypost::daemon
