#pragma once

#include <string>

#include "base/ip_address.h"
#include "base/result.h"
#include "io/network.h"

namespace waypost::dns {

// Sends one message to one server over TCP and waits for the answer (RFC 7766), with the same id;
// what else is in it is for the caller to judge. Fails as Network::connect() and Stream do, and
// with `protocol` for what is no answer to that message. `message` has a header and at most 65,535
// octets. The connection may be asked to stand sooner than the answer has to be there.
io::Task<Result<std::string>> exchange(io::Network& network, Endpoint server, std::string message,
                                       Instant deadline, Instant connected_by = Instant::max());

}  // namespace waypost::dns
