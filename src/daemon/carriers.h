#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/remote.h"
#include "queue/courier.h"

namespace waypost::daemon {

// The queue's courier over those of several loops. A site belongs to one of them, so that its
// connections are kept and counted in one place, without a lock; what an attempt asks the queue on
// its way crosses between the two loops as messages. The queue's own loop carries only where it is
// the only one. Thread: the queue's loop.
class Carriers final : public queue::Courier {
 public:
  struct Carrier {
    io::Remote* remote;
    queue::Courier* courier;  // of that loop
  };
  // At least one; the first is the queue's own.
  explicit Carriers(std::vector<Carrier> carriers);

  std::optional<shaping::MailHost> known_mail_host(const std::string& domain) override {
    return home_.courier->known_mail_host(domain);
  }
  io::Task<tl::expected<shaping::MailHost, events::Outcome>> find_mail_host(
      std::string domain) override {
    return home_.courier->find_mail_host(std::move(domain));
  }
  bool go_together(const std::string& one, const std::string& other) const override {
    return home_.courier->go_together(one, other);
  }
  // Of a site on another loop it is what its last message said, for as long as connections are
  // kept. Some may have ended since: then an attempt asks on its way for leave to open one.
  unsigned idle_connections(const std::string& site) const override;
  io::Task<void> attempt(queue::Assignment assignment) override;

  // All idle connections ended; those to come are kept for so long.
  void forget_idle(Duration kept_for);

 private:
  struct Idle {
    unsigned count = 0;
    Instant at;
  };
  using Refused = std::optional<std::string>;
  using Settle = decltype(queue::Assignment::settle);

  const Carrier& carrier_of(const std::string& site) const;
  queue::Permission ask_home(const queue::Permission& permission, const Carrier& carrier,
                             const std::string& site);
  io::Task<Refused> ask(const queue::Permission& permission, const Carrier& carrier,
                        const std::string& site);
  io::Task<void> settle(const Settle& settle_at_home, const Carrier& carrier,
                        std::vector<events::Outcome> outcomes);
  static io::Task<unsigned> carry(queue::Courier& courier, queue::Assignment assignment);
  bool is_old(const Idle& idle) const;
  void note_idle(const std::string& site, unsigned idle);

  const Carrier home_;
  const std::vector<Carrier> others_;
  Duration idle_kept_for_{0};
  std::map<std::string, Idle, std::less<>> idle_;  // of sites that have some
  size_t idle_swept_at_ = 0;                       // entries
};

}  // namespace waypost::daemon
