#pragma once

#include <string>
#include <string_view>

#include "mailauth/private_key.h"

// What a domain publishes so that others can check its signatures.
namespace waypost::mailauth {

// "v=DKIM1; k=rsa; p=..." (RFC 6376 §3.6.1).
std::string dkim_record_text(const PrivateKey& key);

// One line for a zone file: `NAME. IN TXT "..." "..."`.
std::string txt_zone_line(std::string_view name, std::string_view text);

// SELECTOR._domainkey.DOMAIN.
std::string dkim_record_name(std::string_view selector, std::string_view domain);

}  // namespace waypost::mailauth
