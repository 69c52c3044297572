#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"

namespace waypost::intake {

// In the form of the name system, lower case: a domain, or "*." and a domain for every name below
// it.
using DomainPatterns = std::vector<std::string>;

// Nothing allows any domain. `domain` has the same form; empty is in no pattern.
bool may_send_as(const std::optional<DomainPatterns>& allowed, std::string_view domain);

// Whose mail it is, and how it came to us.
struct Submitter {
  std::string login;  // name of the key that was used; empty for a trusted network
  std::string tenant = "default";
  std::string stream = "default";
  Endpoint client;
  std::optional<uint32_t> local_user;  // who left it on this machine, by number
  std::string hello_name;  // what the client said in EHLO or HELO; hostile octets are fine
  bool tls = false;
  bool authenticated = false;
  std::optional<DomainPatterns> sender_domains;  // as which it may send; nothing: as any
  bool extended_smtp = true;                     // EHLO, not HELO
  // Neither has logged in nor is trusted: what it brings is for our own domains.
  bool stranger = false;
  std::string session;       // names its connection; empty when it came otherwise
  uint32_t transaction = 0;  // which message of the session, 1 is the first; 0 between them
};

}  // namespace waypost::intake
