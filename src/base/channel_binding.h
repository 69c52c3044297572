#pragma once

#include <string>

namespace waypost::base {

// What ties a login to the TLS connection that it runs in (RFC 5056 §2.1): both ends know the same
// octets, and somebody between two connections knows different ones for each.
struct ChannelBinding {
  enum class Type {
    tls_exporter,  // RFC 9266 §2, for TLS 1.3
    tls_unique,    // RFC 5929 §3, for TLS 1.2
  };
  Type type = Type::tls_exporter;
  std::string octets;
};

}  // namespace waypost::base

namespace waypost {
using base::ChannelBinding;
}
