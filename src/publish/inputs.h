#pragma once

#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/result.h"

// What a person says of a domain that is to send.
namespace waypost::publish {

// The SPF term of a sender of `domain`: "192.0.2.1" as "ip4:192.0.2.1", "192.0.2.0/24" as
// "ip4:192.0.2.0/24", "mail.shop.example" as "a:mail.shop.example", "mx" as "mx:" with the domain;
// terms with ip4:, ip6:, a:, mx: or include: as they are. invalid_input, with what to write, for
// anything else.
Result<std::string> sender_term(std::string_view text, const std::string& domain);

// Addresses that only a network of one's own knows: other servers see another one.
bool is_internal(const IpAddress& address);
// The same of a term with ip4: or ip6:.
bool is_internal_term(std::string_view term);

// Whether the domain, in the form of domains::normal_name(), can publish records and the keys of
// selectors with up to `selector_octets`. invalid_input says why not.
Result<void> check_publishable(const std::string& domain, size_t selector_octets);

}  // namespace waypost::publish
