#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "records/suppressions.h"
#include "smtp/address.h"

namespace waypost::guard {

// What two addresses compare by: ASCII letters of the local part in lower case, the domain in lower
// case and in A-labels. RFC 5321 §2.4 lets a host tell local parts apart by case; hardly one does,
// and one that did would have us spare a person once too often, never write to one who is dead.
// A domain that has no A-labels stays as it is.
std::string address_key(const smtp::Mailbox& mailbox);

// The same of an address as people write it, with UTF-8 or without; invalid_input when it is none.
Result<std::string> address_key(std::string_view address);

// A domain as it stands in such a key.
std::string domain_key(std::string_view domain);

// Of two such domains: whether the first is the other, or a name below it.
bool is_at_or_below(std::string_view domain, std::string_view above);

// Makes `key` of the entry's address, and a sender's domain what questions have; invalid_input when
// the address is none.
Result<void> set_keys(records::Suppression& entry);

}  // namespace waypost::guard
