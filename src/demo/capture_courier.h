#pragma once

#include <map>
#include <string>

#include "queue/courier.h"
#include "spool/envelope.h"

namespace waypost::demo {

// Carries nothing anywhere: to magic mailboxes it makes up what a server would have said, and all
// else it puts off. Thread: the queue's loop.
class CaptureCourier final : public queue::Courier {
 public:
  // A name that no host has.
  static constexpr std::string_view site_name = "capture";
  static constexpr std::string_view reason =
      "captured: this relay keeps mail and sends it to nobody (waypost serve --capture)";

  std::optional<shaping::MailHost> known_mail_host(const std::string& domain) override;
  io::Task<tl::expected<shaping::MailHost, events::Outcome>> find_mail_host(
      std::string domain) override;
  unsigned idle_connections(const std::string&) const override { return 0; }
  io::Task<void> attempt(queue::Assignment assignment) override;

 private:
  events::Outcome outcome_of(const smtp::Mailbox& recipient);

  std::map<std::string, unsigned> deferred_;  // how often, of those that say how often
};

// CaptureCourier::reason, or nothing where all recipients are magic mailboxes that a server would
// refuse.
std::string kept_because(const spool::Envelope& envelope);

}  // namespace waypost::demo
