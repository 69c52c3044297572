#pragma once

#include <optional>
#include <string>

#include "message/mime.h"

namespace waypost::message {

// An answer that a program wrote in its owner's stead: away, received your request (RFC 3834).
struct AutoReply {
  std::string from;    // who is away, an address
  std::string reason;  // "Auto-Submitted: auto-replied": what it was known by
};

// By its header: Auto-Submitted and what was used before it. Not of reports, list mail or
// `auto-generated` mail that answers nothing; those are nobody's answer.
std::optional<AutoReply> auto_reply_of(const MimeMessage& message);

}  // namespace waypost::message
