#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/message_id.h"
#include "base/time.h"

// The fields that a relay writes on top of a message. Each function returns whole lines with CRLF,
// folded to field_line_columns_max columns where words allow it, and never over the 998 octets of
// RFC 5322 §2.1.1.
namespace waypost::message {

inline constexpr size_t field_line_columns_max = 78;  // RFC 5322 §2.1.1

struct Received {
  std::string greeting_name;  // what the client said in EHLO or HELO: hostile octets are fine
  IpAddress client;
  std::optional<uint32_t> local_user;  // who left it here, by number, instead of a client
  std::string hostname;                // ours
  bool extended = true;                // EHLO, not HELO
  bool http = false;                   // it did not come by SMTP
  bool tls = false;
  bool authenticated = false;
  bool smtputf8 = false;
  MessageId id;
  std::optional<std::string> recipient;  // smtp::Mailbox::text(); only for a single recipient, so
                                         // that no recipient learns of another
  WallTime received_at;
};

// RFC 5321 §4.4, with the protocol names of RFC 3848 and RFC 6531 §4.3. Octets of the greeting name
// that are not part of a name or address literal come out as '?'; a recipient with octets that
// cannot stand in a header is left out.
std::string received_field(const Received& received);

// "Message-ID: <uuid@hostname>", for a message that came without one (RFC 6409 §8.3).
std::string message_id_field(const MessageId& id, std::string_view hostname);

// "Date: ...", for a message that came without one (RFC 6409 §8.1).
std::string date_field(WallTime time);

}  // namespace waypost::message
