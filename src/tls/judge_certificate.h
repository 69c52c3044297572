#pragma once

#include <openssl/ssl.h>

#include "tls/certificate_report.h"

// Only for the .cc files of this folder.
namespace waypost::tls {

// Judges the certificate that the peer of `ssl` showed by the authorities of the session's context,
// for `host` (a name or an IP address) and the time `at`.
CertificateReport judge_certificate(SSL* ssl, const std::string& host, WallTime at);

}  // namespace waypost::tls
