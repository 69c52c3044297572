#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/ip_address.h"
#include "smtp/reply.h"

// XCLIENT, by which a proxy says for whom it speaks, as Postfix's XCLIENT_README has it. Who may
// say so, and what it changes, is for the session.
namespace waypost::smtp {

template <class T>
struct XClientAttribute {
  bool said = false;
  std::optional<T> value;  // none where it was said: its sender does not know either
};

// NAME, PROTO, DESTADDR, DESTPORT and REVERSE_NAME are checked for their form and go no further.
struct XClientArguments {
  XClientAttribute<IpAddress> address;
  XClientAttribute<uint16_t> port;
  XClientAttribute<std::string> hello_name;  // printable ASCII, not empty
  XClientAttribute<std::string> login;       // the same
};

// What to announce behind the keyword. LOGIN is missing on purpose: submission/announced_client.cc
// says why.
inline constexpr std::string_view xclient_attributes =
    "NAME ADDR PORT PROTO HELO DESTADDR DESTPORT";

// A refusal is 501 5.5.4: no attribute, one that we do not know, one that is there twice, or a
// value that is none.
tl::expected<XClientArguments, Reply> parse_xclient(std::string_view arguments);

}  // namespace waypost::smtp
