#pragma once

#include <string>
#include <string_view>

namespace waypost::base {

// What ties a login to the TLS connection that it runs in (RFC 5056 §2.1): both ends know the same
// octets, and somebody between two connections knows different ones for each.
struct ChannelBinding {
  enum class Type {
    tls_exporter,          // RFC 9266 §2
    tls_unique,            // RFC 5929 §3, for TLS 1.2
    tls_server_end_point,  // RFC 5929 §4: only the server's certificate
  };
  Type type = Type::tls_exporter;
  std::string octets;
};

// As IANA registers it: "tls-exporter".
constexpr std::string_view name_of(ChannelBinding::Type type) {
  switch (type) {
    case ChannelBinding::Type::tls_exporter:
      return "tls-exporter";
    case ChannelBinding::Type::tls_unique:
      return "tls-unique";
    case ChannelBinding::Type::tls_server_end_point:
      return "tls-server-end-point";
  }
  return "";
}

}  // namespace waypost::base

namespace waypost {
using base::ChannelBinding;
}
