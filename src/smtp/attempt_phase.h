#pragma once

#include <optional>
#include <string_view>

namespace waypost::smtp {

// How far a session with another server came. In order: each phase is reached through the one
// before it.
enum class AttemptPhase {
  resolve,   // finding out which hosts take mail for the domain
  egress,    // getting out at all: from an address of ours, or through a proxy
  connect,   // TCP
  greeting,  // their 220
  hello,     // EHLO, HELO
  tls,       // STARTTLS and the handshake
  login,     // AUTH
  mail,
  rcpt,
  data,     // the reply to DATA
  content,  // the octets and the reply to the final dot
};
std::string_view name(AttemptPhase phase);
// Also takes what others call them: "banner", "helo", "ehlo", "starttls", "auth", "eod".
std::optional<AttemptPhase> parse_phase(std::string_view name);

}  // namespace waypost::smtp
