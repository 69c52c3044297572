#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace waypost::seeds {

// An open connection to an IMAP server, encrypted. Every call blocks; one thread.
class Channel {
 public:
  virtual ~Channel() = default;
  // Fails with timed_out at the deadline, cancelled, or peer_gone.
  virtual Result<void> write(std::string_view octets, Instant deadline) = 0;
  // What came, at least one octet.
  virtual Result<std::string> read(Instant deadline) = 0;
};

}  // namespace waypost::seeds
