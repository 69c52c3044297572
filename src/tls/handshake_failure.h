#pragma once

#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "base/result.h"

// Only for the .cc files of this folder.
namespace waypost::tls {

// Makes a client's handshake write into `problem`, which must outlive `ssl`, what is wrong with the
// peer's certificate. It stays empty when nothing is. Verification itself is not changed.
void watch_certificate(SSL* ssl, std::string& problem);

// Says why a handshake ended, from OpenSSL's error queue (which it clears), what was found wrong
// with the certificate and the first octets that the peer sent. Always ErrorCode::tls.
Error explain_handshake_failure(SSL* ssl, std::string_view problem, std::string_view opening);

}  // namespace waypost::tls
