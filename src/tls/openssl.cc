#include "tls/openssl.h"

#include <climits>

#include <fmt/format.h>
#include <openssl/err.h>

#include "base/check.h"

namespace waypost::tls {
namespace {

// Forward secrecy and AEAD first; ECDHE with CBC at the end is for TLS 1.2 stacks without GCM.
constexpr const char* tls12_ciphers =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL";

constexpr size_t subject_octets_max = 512;

}  // namespace

Result<OwnedContext> make_context(const SSL_METHOD* method) {
  OwnedContext context(SSL_CTX_new(method));
  if (!context)
    return failure(ErrorCode::tls,
                   fmt::format("OpenSSL could not be set up: {}", take_openssl_error()));
  SSL_CTX* raw = context.get();
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Thousands of idle connections must not keep 34 KiB each.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, tls12_ciphers) != 1)
    return failure(ErrorCode::tls,
                   fmt::format("OpenSSL offers no secure cipher: {}", take_openssl_error()));
  return context;
}

OwnedBio view_of(std::string_view text) {
  CHECK(text.size() <= INT_MAX);
  OwnedBio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  CHECK(bio);
  return bio;
}

std::string take_openssl_error() {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown";
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : fmt::format("code {:x}", code);
}

std::string text_of(const X509_NAME* name) {
  OwnedBio bio(BIO_new(BIO_s_mem()));
  CHECK(bio);
  // RFC 2253's flags are what RFC 4514 kept; they escape control octets and what is not ASCII.
  if (X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) {
    ERR_clear_error();
    return "";
  }
  char* octets = nullptr;
  long size = BIO_get_mem_data(bio.get(), &octets);
  if (size <= 0) return "";
  return std::string(octets, std::min(static_cast<size_t>(size), subject_octets_max));
}

}  // namespace waypost::tls
