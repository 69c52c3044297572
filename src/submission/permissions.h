#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "intake/submitter.h"
#include "smtp/address.h"
#include "smtp/reply.h"

// Who may send what. Domains are compared as the name system knows them (dns/idn.h).
namespace waypost::submission {

// Mail that is taken in for domains of ours, from anybody.
struct Inbound {
  std::vector<std::string> domains;      // lower case, at least one
  std::vector<std::string> local_parts;  // lower case, "*" for all; postmaster is always one
};

// Domains whose mail ends here, whoever brings it.
struct LocalMailboxes {
  std::function<bool(std::string_view domain)> owns;
  // Of a mailbox in such a domain: why it is not here, if so.
  std::function<std::optional<smtp::Reply>(const smtp::Mailbox&)> refuse;
};

// 553 5.7.1 when the sender's domain is not one of those; everybody may send with the null
// reverse-path, as every notice and automatic reply does (RFC 5321 §4.5.5). Nothing: any domain.
std::optional<smtp::Reply> refuse_sender(const std::optional<intake::DomainPatterns>& allowed,
                                         const std::optional<smtp::Mailbox>& sender);

// Domains as people write them, also beyond ASCII, and "*." in front for every name below: as
// patterns. invalid_input for what is no name.
Result<intake::DomainPatterns> sender_patterns(const std::vector<std::string>& domains);

// Whether a stranger may write to `recipient`: 550 5.7.1 when that would be relaying, also by a
// local part that names a further hop; 550 5.1.1 when we have no such mailbox.
std::optional<smtp::Reply> refuse_stranger(const std::vector<Inbound>& inbound,
                                           const smtp::Mailbox& recipient);

// 501 5.1.3 or 5.1.7 when the domain is beyond ASCII and names nothing.
std::optional<smtp::Reply> refuse_unknown_script(const smtp::Mailbox& mailbox,
                                                 smtp::EnhancedCode enhanced);

}  // namespace waypost::submission
