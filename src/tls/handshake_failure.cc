#include "tls/handshake_failure.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/ascii.h"
#include "tls/openssl.h"

namespace waypost::tls {
namespace {

struct Reason {
  int code;
  std::string_view meaning;
};

// Alerts are the peer's words about us, the rest is ours about the peer (RFC 8446 §6.2).
constexpr std::array reasons{
    Reason{SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
           "the peer found no TLS version, cipher or signature in common with ours"},
    Reason{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the peer speaks none of our TLS versions"},
    Reason{SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, "the peer asks for stronger ciphers"},
    Reason{SSL_R_TLSV1_ALERT_UNKNOWN_CA,
           "the peer does not know the authority that signed our certificate"},
    Reason{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the peer refused our certificate"},
    Reason{SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
           "the peer cannot work with our kind of certificate"},
    Reason{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the peer says that our certificate expired"},
    Reason{SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "the peer says that our certificate was revoked"},
    Reason{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the peer did not accept our certificate"},
    Reason{SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the peer asks for a client certificate"},
    Reason{SSL_R_TLSV1_ALERT_ACCESS_DENIED, "the peer refused us by its own rules"},
    Reason{SSL_R_TLSV1_ALERT_INTERNAL_ERROR, "the peer reports an error of its own"},
    Reason{SSL_R_TLSV1_UNRECOGNIZED_NAME, "the peer does not serve the host name we asked for"},
    Reason{SSL_R_NO_SHARED_CIPHER, "the peer offers no cipher that we accept"},
    Reason{SSL_R_UNSUPPORTED_PROTOCOL, "the peer speaks no TLS version that we accept (1.2, 1.3)"},
    Reason{SSL_R_VERSION_TOO_LOW, "the peer speaks no TLS version that we accept (1.2, 1.3)"},
    Reason{SSL_R_DH_KEY_TOO_SMALL, "the peer's Diffie-Hellman key is too short to be safe"},
    Reason{SSL_R_EE_KEY_TOO_SMALL, "the key of the peer's certificate is too short to be safe"},
    Reason{SSL_R_CA_KEY_TOO_SMALL, "the key of the peer's authority is too short to be safe"},
    Reason{SSL_R_CA_MD_TOO_WEAK, "the peer's certificate is signed with a broken hash"},
};

constexpr size_t quote_octets_max = 64;
constexpr size_t names_told_max = 8;
constexpr size_t name_octets_max = 100;

// A TLS record starts with its type, 20 to 23, and a version 3.x (RFC 8446 §5.1).
bool looks_like_tls(std::string_view opening) {
  bool type = opening[0] >= 20 && opening[0] <= 23;
  return type && (opening.size() < 2 || opening[1] == 3);
}

// The first line of what a stranger sent, as printable ASCII.
std::string quote(std::string_view octets) {
  octets = octets.substr(0, std::min(octets.find_first_of("\r\n"), quote_octets_max));
  std::string quoted;
  for (char c : octets) {
    if (base::is_control(c) || static_cast<unsigned char>(c) > 0x7f)
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      quoted += c;
  }
  return quoted;
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

// The names that a certificate is for, for people.
std::string names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* found = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  int count = found ? sk_GENERAL_NAME_num(found) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found, i);
    if (name->type != GEN_DNS) continue;
    if (names.size() == names_told_max) {
      names.push_back("...");
      break;
    }
    std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                          static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
    names.push_back(quote(text.substr(0, name_octets_max)));
  }
  GENERAL_NAMES_free(found);
  return names.empty() ? "no host at all" : fmt::format("{}", fmt::join(names, ", "));
}

std::string_view asked_name(SSL* ssl) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  return name ? name : "the address we called";
}

// `certificate` is the one that the verdict is about: the peer's own, or one of its chain.
std::string describe_verdict(SSL* ssl, X509* certificate, int depth, int verdict) {
  std::string whose = "its certificate";
  if (depth > 0)
    whose = fmt::format("its authority's certificate ({})",
                        text_of(X509_get_subject_name(certificate)));
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} expired on {}", whose, date_of(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{} is valid only from {}", whose,
                         date_of(X509_get0_notBefore(certificate)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "its certificate is self-signed: no known authority vouches for it";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format(
          "its certificate comes from an authority that is not known here, or the chain to it is "
          "incomplete (issuer: {})",
          text_of(X509_get_issuer_name(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("its certificate is for {}, not for {}", names_of(certificate),
                         asked_name(ssl));
    default:
      return fmt::format("{} was refused: {}", whose, X509_verify_cert_error_string(verdict));
  }
}

// Called by OpenSSL for each verdict. A certificate that is refused is not part of the session
// afterwards, so the text is made here.
int note_problem(int good, X509_STORE_CTX* store) {
  if (good == 1) return good;
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* problem = static_cast<std::string*>(SSL_get_app_data(ssl));
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (problem->empty() && certificate)
    *problem = describe_verdict(ssl, certificate, X509_STORE_CTX_get_error_depth(store),
                                X509_STORE_CTX_get_error(store));
  return good;
}

}  // namespace

void watch_certificate(SSL* ssl, std::string& problem) {
  SSL_set_app_data(ssl, &problem);
  SSL_set_verify(ssl, SSL_get_verify_mode(ssl), note_problem);
}

Error explain_handshake_failure(SSL* ssl, std::string_view problem, std::string_view opening) {
  unsigned long code = ERR_peek_last_error();
  std::string fallback = take_openssl_error();
  if (!opening.empty() && !looks_like_tls(opening))
    return Error(ErrorCode::tls,
                 fmt::format("the peer spoke no TLS here: it {} \"{}\"",
                             SSL_is_server(ssl) ? "sent" : "answered", quote(opening)));
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && !problem.empty())
    return Error(ErrorCode::tls, fmt::format("the peer could not prove who it is: {}", problem));
  auto known = std::find_if(reasons.begin(), reasons.end(), [code](const Reason& reason) {
    return reason.code == ERR_GET_REASON(code);
  });
  if (known != reasons.end())
    return Error(ErrorCode::tls, fmt::format("the TLS handshake failed: {}", known->meaning));
  return Error(ErrorCode::tls, fmt::format("the TLS handshake failed ({})", fallback));
}

}  // namespace waypost::tls
