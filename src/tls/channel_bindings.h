#pragma once

#include <vector>

#include "base/channel_binding.h"
#include "tls/openssl.h"

namespace waypost::tls {

// Of a finished handshake, the strongest first: tls-exporter for TLS 1.3; for TLS 1.2 tls-unique,
// and only with an extended master secret (RFC 7627 §1), without which it can be forged; then
// tls-server-end-point, where the certificate's signature has one hash (RFC 5929 §4.1).
std::vector<ChannelBinding> channel_bindings_of(SSL* ssl);

}  // namespace waypost::tls
