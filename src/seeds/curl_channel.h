#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "seeds/channel.h"
#include "seeds/seed.h"

namespace waypost::seeds {

// The connection that libcurl makes to an IMAP server: TCP, TLS or STARTTLS, the certificate and
// its name checked. Login and all that follows is said by whoever uses it.
class CurlChannel final : public Channel {
 public:
  CurlChannel();
  CurlChannel(const CurlChannel&) = delete;
  CurlChannel& operator=(const CurlChannel&) = delete;
  ~CurlChannel() override;

  // At one of the addresses, as many as answer. Fails with tls where the certificate does not hold
  // or TLS is not offered; refused, timed_out, protocol.
  Result<void> open(const Seed& seed, const std::vector<IpAddress>& addresses,
                    const std::string& ca_file, Instant deadline);
  Result<void> write(std::string_view octets, Instant deadline) override;
  Result<std::string> read(Instant deadline) override;
  // Any thread: ends what waits, now and later.
  void cancel();

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace waypost::seeds
