#include "daemon/suppressor.h"

#include "guard/address.h"
#include "guard/refusal.h"

namespace waypost::daemon {

// A report has nobody to be told that it was not sent, and what strangers brought for our own
// domains is no mail of ours.
std::optional<queue::Suppressed> QueueSuppressor::find(const spool::Envelope& envelope,
                                                       uint32_t recipient) const {
  if (!holds_ || services_.list.size() == 0 || !envelope.sender || envelope.inbound)
    return std::nullopt;
  const smtp::Mailbox& mailbox = envelope.recipients[recipient];
  const std::string key = guard::address_key(mailbox);
  const std::string sender_domain = guard::domain_key(envelope.sender->domain);
  auto found =
      services_.list.find({key, envelope.stream, sender_domain}, services_.loop.wall_now());
  if (!found) return std::nullopt;
  const smtp::Reply refusal = guard::refusal_of(*found, mailbox.text());
  return queue::Suppressed{found->reason,
                           refusal.enhanced->text() + " " + guard::told_of(*found, mailbox.text())};
}

io::Task<void> QueueSuppressor::condemn(std::vector<queue::Condemned> condemned) {
  std::vector<records::Suppression> entries;
  entries.reserve(condemned.size());
  for (queue::Condemned& one : condemned) {
    if (services_.return_paths && services_.return_paths->is_named_in(one.reply)) continue;
    const smtp::Mailbox& mailbox = one.envelope->recipients[one.recipient];
    records::Suppression& entry = entries.emplace_back();
    entry.key = guard::address_key(mailbox);
    entry.address = mailbox.text();
    entry.reason = std::move(one.reason);
    entry.message = one.envelope->id.text();
    entry.evidence = std::move(one.reply);
    entry.since = one.at;
    entry.who = "relay";
  }
  if (entries.empty()) co_return;
  auto added = co_await services_.list.add(services_.loop, std::move(entries), false);
  if (!added)
    services_.problem(
        "addresses that are no good could not be put on the list of those that are "
        "not written to: " +
        added.error().describe());
}

}  // namespace waypost::daemon
