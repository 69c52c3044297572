#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "io/network.h"
#include "io/passed_sockets.h"

// The sockets behind the listeners of the configuration: our own, or those that systemd opened.
namespace waypost::daemon {

// Puts in the place of each listener that names a passed socket one for every socket of that name,
// with the address that it has. Fails with not_found where there is none.
Result<void> resolve_passed(config::Config& config, const io::PassedSockets& passed);

// A listener of a resolved configuration. A passed socket stays open when the listener is closed,
// so that it can be opened again; all shards listen at it, and `options` are for our own.
Result<std::unique_ptr<io::Listener>> open_socket(io::AsioLoop& loop,
                                                  const io::PassedSockets& passed,
                                                  const config::Listener& listener,
                                                  io::ListenOptions options);

// Names of passed sockets that no listener has: whoever connects to one waits for ever.
std::vector<std::string> unused_sockets(const config::Config& config,
                                        const io::PassedSockets& passed);

}  // namespace waypost::daemon
