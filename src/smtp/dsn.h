#pragma once

#include <string>

// What a sender asks to be told about its message, RFC 3461 §4.
namespace waypost::smtp {

// NOTIFY of RCPT, RFC 3461 §4.1. Nothing set: not stated, which means failures, and delays as the
// relay sees fit.
struct Notify {
  bool never = false;  // alone, or not at all
  bool success = false;
  bool failure = false;
  bool delay = false;

  bool stated() const { return never || success || failure || delay; }
  bool operator==(const Notify&) const = default;
};

// The parameters of one RCPT.
struct RecipientDsn {
  Notify notify;
  // ORCPT, RFC 3461 §4.2: address type and decoded address, "rfc822;ann@example.net"; printable
  // octets or UTF-8 only; empty when it was not given.
  std::string original_recipient;

  bool operator==(const RecipientDsn&) const = default;
};

enum class ReturnContent { unstated, full, headers };  // RET, RFC 3461 §4.3

// The parameters of MAIL.
struct MessageDsn {
  ReturnContent returns = ReturnContent::unstated;
  std::string envelope_id;  // ENVID, RFC 3461 §4.4, decoded: printable ASCII; empty: not given

  bool operator==(const MessageDsn&) const = default;
};

}  // namespace waypost::smtp
