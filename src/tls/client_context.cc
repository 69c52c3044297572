#include <array>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls/openssl.h"

namespace waypost::tls {
namespace {

constexpr uint64_t authorities_octets_max = 16 << 20;

// The whole list in one file, as Debian, Red Hat and Alpine write it. It is read once, because
// OpenSSL's own look-up would open files in the middle of a handshake, on the loop's thread.
constexpr std::array system_ca_files{
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
};

Result<void> add_authorities(X509_STORE* store, std::string_view pem, const std::string& path) {
  OwnedBio bio = view_of(pem);
  size_t added = 0;
  while (OwnedCertificate authority{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(store, authority.get()) == 1) ++added;
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  std::string reason = take_openssl_error();
  if (!at_end)
    return failure(ErrorCode::invalid_input,
                   fmt::format("{}: certificate {} does not decode ({})", path, added + 1, reason));
  if (added == 0)
    return failure(ErrorCode::invalid_input,
                   fmt::format("{} holds no certificate: it must be PEM text with the "
                               "certificates of the authorities to trust",
                               path));
  return {};
}

Result<void> load_authorities(SSL_CTX* context, const ClientOptions& options, io::Disk& disk) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  std::string path = options.ca_file;
  for (const char* candidate : system_ca_files) {
    if (path.empty() && disk.exists(candidate)) path = candidate;
  }
  if (path.empty()) {
    if (options.verification == Verification::opportunistic) return {};
    return failure(ErrorCode::not_found,
                   fmt::format("the system has no list of certificate authorities ({}): install "
                               "the package ca-certificates, or name a CA file",
                               fmt::join(system_ca_files, ", ")));
  }
  auto pem = disk.read_file(path, authorities_octets_max);
  if (!pem)
    return failure(std::move(pem).error().while_doing(
        fmt::format("reading the certificate authorities in {}", path)));
  return add_authorities(store, *pem, path);
}

}  // namespace

Result<std::unique_ptr<ClientContext>> ClientContext::create(const ClientOptions& options,
                                                             io::Disk& disk, io::Clock& clock) {
  TRY(OwnedContext context, make_context(TLS_client_method()));
  TRY_VOID(load_authorities(context.get(), options, disk));
  bool required = options.verification == Verification::required;
  // Without demands on the certificate a 1024-bit key is still better than plain text.
  SSL_CTX_set_security_level(context.get(), required ? 2 : 1);
  SSL_CTX_set_verify(context.get(), required ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(context.get()),
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (options.usual_ciphers) SSL_CTX_set_cipher_list(context.get(), "DEFAULT");
  if (options.obsolete_too) {
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  }
  auto parts = std::make_unique<Parts>(Parts{std::move(context), options.verification, clock});
  return std::unique_ptr<ClientContext>(new ClientContext(std::move(parts)));
}

ClientContext::ClientContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClientContext::~ClientContext() = default;

}  // namespace waypost::tls
