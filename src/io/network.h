#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "io/cancellation.h"
#include "io/task.h"

namespace waypost::io {

// A connection as a stream of octets: TCP, a local socket, TLS over either, or simulated.
// One coroutine uses it at a time. Thread: the loop's.
class Stream {
 public:
  // Destroying it closes the connection; nothing may be waiting on it then.
  virtual ~Stream() = default;

  // Waits for at least one octet and returns how many were put into `into`; 0 is the peer's clean
  // end. Fails with timed_out, cancelled (stop_reading or close), peer_gone, tls.
  virtual Task<Result<size_t>> read(std::span<char> into, Instant deadline) = 0;
  // Returns when all octets were handed to the system. `octets` must live until then.
  virtual Task<Result<void>> write(std::string_view octets, Instant deadline) = 0;

  // A read that waits, and every later one, ends with ErrorCode::cancelled; writes go on, so that a
  // last reply can be sent. For a graceful stop.
  virtual void stop_reading() = 0;
  // Ends the connection now; whatever waits fails with ErrorCode::cancelled. Idempotent.
  virtual void close() = 0;

  virtual Endpoint local() const = 0;
  virtual Endpoint peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  // cancelled after close(); resource_exhausted when descriptors run out: wait and try again.
  virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
  virtual void close() = 0;
  // The real port when 0 was asked for.
  virtual Endpoint local() const = 0;
};

struct ListenOptions {
  // Several loops may listen on one port, and the kernel spreads what comes (SO_REUSEPORT).
  bool shared_port = false;
  // The first of them: fails when anybody listens there already, which sharing alone would allow.
  bool first_of_shared = false;
};

struct ConnectOptions {
  std::optional<IpAddress> source;
  Cancellation* cancellation = nullptr;
};

class Network {
 public:
  virtual ~Network() = default;
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& at, ListenOptions options) = 0;
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Endpoint to, ConnectOptions options,
                                                        Instant deadline) = 0;

  // The addresses of this machine's interfaces, loopback included.
  virtual Result<std::vector<IpAddress>> own_addresses() = 0;

  // A socket in the file system that only its owner may use (mode 0600); a stale one is replaced.
  // Its endpoints read 0.0.0.0:0.
  virtual Result<std::unique_ptr<Listener>> listen_local(const std::string& path) = 0;
  virtual Task<Result<std::unique_ptr<Stream>>> connect_local(std::string path,
                                                              Instant deadline) = 0;
};

}  // namespace waypost::io
