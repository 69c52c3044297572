#pragma once

#include <string_view>

// Clients that speak something else. A web browser can be made to send SMTP commands inside an HTTP
// request, so nothing of what follows may be served (cross-protocol attacks).
namespace waypost::submission {

// Whether a line without its CRLF is the start of an HTTP request or an HTTP header field.
bool looks_like_http(std::string_view line);

// Whether the first octets are a TLS handshake (RFC 8446 §5.1).
bool looks_like_tls(std::string_view octets);

}  // namespace waypost::submission
