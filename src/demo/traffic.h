#pragma once

#include <memory>
#include <string>

#include "base/ip_address.h"
#include "base/secret.h"
#include "delivery/dialogue.h"
#include "demo/letters.h"
#include "io/asio_loop.h"
#include "tls/context.h"

namespace waypost::demo {

// An application that sends: over the submission port, with STARTTLS and a login. Thread: the
// loop's.
class Traffic {
 public:
  Traffic(io::AsioLoop& loop, Endpoint server, tls::ClientContext& tls, std::string login,
          const Secret& password, uint64_t seed);

  // So many letters as fast as the relay takes them, over a few connections side by side. Suspends
  // until every letter was taken or refused; what stopped it otherwise.
  io::Task<Result<void>> burst(unsigned count);
  // One letter after the other, with this time between, until `ended`.
  io::Task<Result<void>> trickle(Duration between, const bool& ended);

  unsigned offered() const { return offered_; }
  unsigned accepted() const { return accepted_; }

 private:
  io::Task<void> send_some(Result<void>& ended);
  io::Task<Result<std::unique_ptr<delivery::Dialogue>>> log_in();
  io::Task<Result<void>> send(delivery::Dialogue& dialogue);

  io::AsioLoop& loop_;
  Endpoint server_;
  tls::ClientContext& tls_;
  std::string login_;
  const Secret& password_;
  Letters letters_;
  unsigned to_offer_ = 0;  // of the burst
  unsigned offered_ = 0;
  unsigned accepted_ = 0;
};

}  // namespace waypost::demo
