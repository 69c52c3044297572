#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::base {

// The address of something that is asked over HTTP (RFC 3986), as far as that needs it: no user, no
// fragment, and nothing beyond visible ASCII, so that it can stand in a request as it is.
struct HttpUrl {
  bool tls = true;   // https
  std::string host;  // lower case: a name, or an IP address without brackets
  uint16_t port = 443;
  std::string target = "/";  // path, with "?" and query where it has one

  // Fails with invalid_input.
  static Result<HttpUrl> parse(std::string_view text);

  // Of the Host field: the port is left out where it is that of the scheme.
  std::string authority() const;
  std::string text() const;
  // Whether nobody but this machine is asked, whatever names mean.
  bool is_loopback() const;

  bool operator==(const HttpUrl&) const = default;
};

// RFC 3986 §2.3: all but letters, digits and "-._~" as %XX.
std::string percent_encode(std::string_view octets);

}  // namespace waypost::base
