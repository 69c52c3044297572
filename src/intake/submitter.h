#pragma once

#include <cstdint>
#include <string>

#include "base/ip_address.h"

namespace waypost::intake {

// Whose mail it is, and how it came to us.
struct Submitter {
  std::string login;  // name of the key that was used; empty for a trusted network
  std::string tenant = "default";
  std::string stream = "default";
  Endpoint client;
  std::string hello_name;  // what the client said in EHLO or HELO; hostile octets are fine
  bool tls = false;
  bool authenticated = false;
  bool extended_smtp = true;  // EHLO, not HELO
  // Neither has logged in nor is trusted: what it brings is for our own domains.
  bool stranger = false;
  std::string session;       // names its connection; empty when it came otherwise
  uint32_t transaction = 0;  // which message of the session, 1 is the first; 0 between them
};

}  // namespace waypost::intake
