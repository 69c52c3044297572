#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/reply.h"

namespace waypost::smtp {

// What a server offers in its reply to EHLO, RFC 5321 §4.1.1.1.
struct Capabilities {
  bool pipelining = false;                  // RFC 2920
  bool eight_bit_mime = false;              // RFC 6152
  bool starttls = false;                    // RFC 3207
  bool enhanced_status_codes = false;       // RFC 2034
  bool chunking = false;                    // RFC 3030
  bool dsn = false;                         // RFC 3461
  bool smtputf8 = false;                    // RFC 6531
  bool size = false;                        // RFC 1870: SIZE= may be sent
  std::optional<uint64_t> size_octets_max;  // none: no fixed limit, or not told
  std::vector<std::string>
      auth_mechanisms;  // RFC 4954; upper case, in the server's order, once each

  // `mechanism` in any case.
  bool offers_auth(std::string_view mechanism) const;

  bool operator==(const Capabilities&) const = default;
};

// Reads every line behind the first, which holds the server's name. Keywords in any case, the old
// form "AUTH=LOGIN", keywords we do not know and values that mean nothing are all forgiven.
Capabilities parse_ehlo(const Reply& reply);

}  // namespace waypost::smtp
