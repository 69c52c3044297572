#pragma once

#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/secret.h"
#include "delivery/dialogue.h"
#include "io/asio_loop.h"
#include "tls/context.h"

namespace waypost::demo {

struct Letter {
  std::string sender;
  std::string recipient;
  std::string subject;
};

// The demo's mail, the same for the same seed: most of it good, some to mailboxes that do not exist
// or are full.
std::vector<Letter> draw_letters(unsigned count, uint64_t seed,
                                 const std::vector<std::string>& domains);

// An application that sends: over the submission port, with STARTTLS and a login, a few connections
// side by side. Thread: the loop's.
class Traffic {
 public:
  Traffic(io::AsioLoop& loop, Endpoint server, tls::ClientContext& tls, std::string login,
          const Secret& password, std::vector<Letter> letters);

  // Suspends until every letter was taken or refused; what stopped it otherwise.
  io::Task<Result<void>> run();

  unsigned accepted() const { return accepted_; }
  unsigned refused() const { return refused_; }

 private:
  io::Task<void> send_some(Result<void>& ended);
  io::Task<Result<std::unique_ptr<delivery::Dialogue>>> log_in();
  io::Task<Result<void>> send(delivery::Dialogue& dialogue, const Letter& letter);
  std::string text_of(const Letter& letter) const;

  io::AsioLoop& loop_;
  Endpoint server_;
  tls::ClientContext& tls_;
  std::string login_;
  const Secret& password_;
  std::vector<Letter> letters_;
  size_t next_ = 0;
  unsigned accepted_ = 0;
  unsigned refused_ = 0;
};

}  // namespace waypost::demo
