#pragma once

#include <memory>
#include <string>

#include "io/network.h"
#include "submission/caller.h"

// The connections that a listed proxy passes on.
namespace waypost::submission {

struct ProxiedOpening {
  Caller caller;
  std::string first_octets;  // of the client, which came with the header
};

// Reads the PROXY header, which must come first. Fails with protocol where it is none, peer_gone
// where the connection ends in it, timed_out, and as reading fails.
io::Task<Result<ProxiedOpening>> read_proxy_header(io::Stream& stream, Instant deadline);

// A stream that first gives octets that were read from it already.
std::unique_ptr<io::Stream> put_back(std::string octets, std::unique_ptr<io::Stream> stream);

}  // namespace waypost::submission
