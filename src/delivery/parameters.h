#pragma once

#include <optional>
#include <string>

#include "smtp/capabilities.h"
#include "spool/envelope.h"

namespace waypost::delivery {

// MAIL and RCPT as a host with these capabilities takes them: SIZE (RFC 1870), BODY (RFC 6152),
// SMTPUTF8 (RFC 6531 §3.4), and what the sender asked to be told (RFC 3461 §5.2), which goes on
// only where the host knows it. Each ends in CRLF. `sender` is the reverse-path, mostly the
// envelope's.
std::string mail_command(const spool::Envelope& envelope,
                         const std::optional<smtp::Mailbox>& sender,
                         const smtp::Capabilities& host);
// `recipient` is an index into the envelope.
std::string rcpt_command(const spool::Envelope& envelope, uint32_t recipient,
                         const smtp::Capabilities& host);

// The address as the host takes it: without SMTPUTF8 its domain has A-labels, and there is none
// when the local part is not ASCII.
std::optional<std::string> address_for(const smtp::Mailbox& mailbox,
                                       const smtp::Capabilities& host);

}  // namespace waypost::delivery
