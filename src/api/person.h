#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "smtp/address.h"

namespace waypost::api {

// A person as a header names them.
struct Person {
  smtp::Mailbox mailbox;
  std::string text;  // for the header
};

// Reads "Ann Lee <ann@example.com>", with the name in quotes or not (RFC 5322 §3.4), or the address
// alone. Fails with invalid_input and words for whoever wrote it.
Result<Person> parse_person(std::string_view text);

}  // namespace waypost::api
