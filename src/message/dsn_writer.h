#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// Delivery status notifications as octets: multipart/report (RFC 6522) with a text for people,
// message/delivery-status for programs (RFC 3464), and the message or its header; for mail with
// UTF-8 addresses the forms of RFC 6533. Pure.
namespace waypost::message {

enum class DsnAction { failed, delayed, relayed };  // RFC 3464 §2.3.3

// What became of one recipient. Every text may hold any octets: it leaves as printable text, cut at
// a limit, and can neither begin a field nor end a part.
struct DsnRecipient {
  std::string original;  // ORCPT, decoded: "rfc822;ann@example.net"; empty: not given
  std::string address;   // as the envelope spells it
  DsnAction action = DsnAction::failed;
  std::string status;       // "5.1.1"
  std::string remote_host;  // who said it; empty: nobody did
  std::string diagnostic;   // what was said, or what happened instead
  bool is_reply = false;    // the diagnostic is an SMTP reply
  std::optional<WallTime> last_attempt_at;
  std::optional<WallTime> will_retry_until;
};

enum class ReturnedPart { none, header, message };

struct Dsn {
  std::string hostname;  // ours
  std::string id;        // of the notice; octets of a name
  WallTime at;
  std::string to;  // the sender of the message that it is about
  std::string subject;
  std::string text;  // for people: UTF-8, lines end with '\n'

  std::string envelope_id;  // ENVID, decoded; empty: not given
  WallTime arrived_at;      // the message that it is about
  std::string message_id;   // its Message-ID, "<...>"; empty: none
  bool utf8 = false;        // its addresses or header may be UTF-8: the forms of RFC 6533
  std::vector<DsnRecipient> recipients;

  ReturnedPart part = ReturnedPart::none;
  std::string returned;  // octets of that part, lines end with CRLF
};

struct WrittenDsn {
  std::string header;  // the header block with the empty line behind it
  std::string body;
  bool eight_bit = false;  // there are octets over 0x7f
};

// A message whose lines end with CRLF and have at most 998 octets before it (RFC 5322 §2.1.1).
// A returned message that has longer lines is cut down to its header.
WrittenDsn write_dsn(const Dsn& dsn);

// The Message-ID that it gets.
std::string dsn_message_id(const Dsn& dsn);

inline constexpr size_t dsn_text_octets_max = 2000;  // of one text from outside

}  // namespace waypost::message
