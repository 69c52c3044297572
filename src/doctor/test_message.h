#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace waypost::doctor {

// The message that `waypost doctor --send` sends: plain text that says what it is.
struct TestMessage {
  std::string id;       // of Message-ID, with its angle brackets
  std::string token;    // in Message-ID, and in X-Waypost-Doctor where a server writes its own id
  std::string content;  // lines end in CRLF; no line begins with a dot
  uint64_t octets = 0;  // of the content

  // As it goes over the wire, with the final dot (RFC 5321 §4.1.1.4).
  std::string wire() const { return content + ".\r\n"; }
};

// `sender` may be empty (the null reverse-path); addresses hold no control octets. `unique` is
// drawn by the caller.
TestMessage make_test_message(std::string_view sender, std::string_view recipient,
                              std::string_view our_name, WallTime now, uint64_t unique);

}  // namespace waypost::doctor
