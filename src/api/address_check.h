#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "dns/resolver.h"
#include "io/task.h"
#include "smtp/address.h"

// What can be told of a mail address without asking the server behind it: no address is ever tried
// there, for that tells little and looks like those who harvest addresses.
namespace waypost::api {

// Where mail for a domain goes.
enum class MailHosts {
  unknown,      // DNS could not tell
  mx,           // to its MX hosts
  implicit_mx,  // to the domain itself, which has an address (RFC 5321 §5.1)
  null_mx,      // the domain takes no mail (RFC 7505 §3)
  none,         // there is no such domain, or nothing there takes mail
  literal,      // an address in the place of a domain
};
// "mx", "implicit-mx", "null-mx"
std::string_view name(MailHosts hosts);

// Why mail cannot arrive, or why that is not known.
struct AddressReason {
  std::string_view id;  // "syntax", "no-such-domain", "no-mail-host", "null-mx", "dns-unknown", ...
  std::string words;
};

struct AddressCheck {
  std::optional<smtp::Mailbox> mailbox;  // none: it is no address
  MailHosts hosts = MailHosts::unknown;
  std::vector<AddressReason> reasons;
  bool is_undeliverable = false;  // otherwise nobody knows before mail was sent
  bool is_role = false;           // an office, not a person: postmaster, sales (RFC 2142)
  std::string meant;              // the address that was probably meant; "": none
};

// Suspends for DNS until the deadline at most.
io::Task<AddressCheck> check_address(dns::Resolver& resolver, std::string text, Instant deadline);

}  // namespace waypost::api
