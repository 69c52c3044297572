#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "io/asio_loop.h"
#include "io/descriptor.h"
#include "io/network.h"
#include "io/service_manager.h"

namespace waypost::io {

// The listening sockets that a supervisor opened and passed to this process, by the protocol of
// sd_listen_fds(3): descriptors from 3 on, each with a name. They are closed with this object, and
// no child process gets them.
class PassedSockets {
 public:
  struct Socket {
    std::string name;  // several may have the same
    Endpoint local;
    Descriptor descriptor;
  };

  // None when the variables are not there or speak of another process. Fails with invalid_input
  // where they make no sense, or where something was passed that is not a TCP socket that listens.
  // Once in a process: the descriptors can be owned by one object only.
  static Result<PassedSockets> take(const SupervisorVariables& variables);

  const std::vector<Socket>& all() const { return sockets_; }

 private:
  std::vector<Socket> sockets_;
};

// Uses a copy of the descriptor: closing the listener leaves the socket open, so that it can be
// listened at again. Several may listen at one.
Result<std::unique_ptr<Listener>> listen_on(AsioLoop& loop, const PassedSockets::Socket& socket);

}  // namespace waypost::io
