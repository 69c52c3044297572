#pragma once

#include <optional>
#include <string>

#include "doctor/lookups.h"
#include "doctor/walk.h"

namespace waypost::doctor {

// What receivers look at beside the message: who sends, and from which address.
struct Sender {
  IpAddress address;  // as they see it
  std::string from;   // MAIL FROM, and the address in From
  std::string hello;  // our name in EHLO
};

// Whether the sender's address is one that receivers take mail from: its name, and the lists.
io::Task<void> check_address(Lookups lookups, IpAddress address, RungResult& result);
// Whether the sender's domain says that this address may send for it (SPF), and what it asks of
// receivers (DMARC).
io::Task<void> check_proofs(Lookups lookups, const Sender& sender, RungResult& result);

// The address that the server sees us under: our end of the connection where that is a public one,
// else what the server says in its reply to EHLO.
std::optional<IpAddress> address_seen(Session& session);

// Rung 6, for a message that was sent: what a receiver holds against it, as far as the name system
// can show it. Asked where a mail host took it directly: a submission service sends from addresses
// of its own, which only the receiver sees. With seeds, our own mailboxes are looked into, and
// taken out of `request`.
io::Task<RungResult> walk_inbox(Context& context, Request& request, Session& session);

}  // namespace waypost::doctor
