#include <time.h>
#include <vector>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls/openssl.h"

namespace waypost::tls {
namespace {

constexpr uint64_t pem_octets_max = 1 << 20;
constexpr size_t chain_certificates_max = 16;

// PEM text and what people call it.
struct Pem {
  std::string_view text;
  std::string name;
};

bool holds_private_key(const Pem& pem) {
  return pem.text.find("PRIVATE KEY-----") != pem.text.npos;
}

Result<std::vector<OwnedCertificate>> read_chain(const Pem& pem) {
  std::vector<OwnedCertificate> chain;
  OwnedBio bio = view_of(pem.text);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(next);
    if (chain.size() > chain_certificates_max)
      return failure(ErrorCode::invalid_input,
                     fmt::format("{} holds more than {} certificates: give only the server's own "
                                 "and the chain to its authority",
                                 pem.name, chain_certificates_max));
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  std::string reason = take_openssl_error();
  if (!at_end)
    return failure(ErrorCode::invalid_input,
                   fmt::format("{}: certificate {} does not decode ({}): copy the file again",
                               pem.name, chain.size() + 1, reason));
  if (!chain.empty()) return chain;
  return failure(
      ErrorCode::invalid_input,
      fmt::format(fmt::runtime(holds_private_key(pem)
                                   ? "{} holds a private key and no certificate: are the two files "
                                     "exchanged?"
                                   : "{} holds no certificate: it must be PEM text with a line "
                                     "\"-----BEGIN CERTIFICATE-----\""),
                  pem.name));
}

// Instead of OpenSSL's own, which would ask at the terminal.
int refuse_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<OwnedKey> read_key(const Pem& pem) {
  OwnedBio bio = view_of(pem.text);
  bool passphrase_asked = false;
  OwnedKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, &passphrase_asked));
  std::string reason = take_openssl_error();
  if (key) return key;
  if (passphrase_asked)
    return failure(ErrorCode::invalid_input,
                   fmt::format("{} is protected by a passphrase, which nobody can type when the "
                               "server starts: write it without one, with \"openssl pkey -in OLD "
                               "-out NEW\", readable by its owner only",
                               pem.name));
  if (!holds_private_key(pem))
    return failure(ErrorCode::invalid_input,
                   fmt::format("{} holds no private key: it must be PEM text with a line "
                               "\"-----BEGIN PRIVATE KEY-----\"",
                               pem.name));
  return failure(ErrorCode::invalid_input,
                 fmt::format("{}: the private key does not decode ({})", pem.name, reason));
}

Result<void> use_chain(SSL_CTX* context, const std::vector<OwnedCertificate>& chain,
                       const Pem& pem) {
  bool used = SSL_CTX_use_certificate(context, chain.front().get()) == 1;
  for (size_t i = 1; used && i < chain.size(); ++i)
    used = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  if (used) return {};
  return failure(ErrorCode::invalid_input, fmt::format("the certificate in {} cannot be used: {}",
                                                       pem.name, take_openssl_error()));
}

Result<OwnedContext> make_server_context(const Pem& certificate, const Pem& key_text) {
  TRY(auto chain, read_chain(certificate));
  TRY(OwnedKey key, read_key(key_text));
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    return failure(ErrorCode::invalid_input,
                   fmt::format("{} does not belong to the first certificate in {}: the server's "
                               "own certificate must come first, and both must be of the same "
                               "issue",
                               key_text.name, certificate.name));
  }
  TRY(OwnedContext context, make_context(TLS_server_method()));
  TRY_VOID(use_chain(context.get(), chain, certificate));
  static constexpr std::string_view session_scope = "waypost";
  bool ready = SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1 &&
               SSL_CTX_set_dh_auto(context.get(), 1) == 1 &&
               // One ticket instead of two: mail clients rarely open connections in parallel.
               SSL_CTX_set_num_tickets(context.get(), 1) == 1 &&
               SSL_CTX_set_session_id_context(
                   context.get(), reinterpret_cast<const unsigned char*>(session_scope.data()),
                   session_scope.size()) == 1;
  if (!ready)
    return failure(ErrorCode::tls,
                   fmt::format("{} cannot be used: {}", key_text.name, take_openssl_error()));
  return context;
}

Result<std::string> read_pem(const std::string& path, std::string_view what, io::Disk& disk) {
  auto text = disk.read_file(path, pem_octets_max);
  if (!text)
    return failure(std::move(text).error().while_doing(fmt::format("reading {} {}", what, path)));
  return text;
}

}  // namespace

Result<std::unique_ptr<ServerContext>> ServerContext::from_files(
    const std::string& certificate_path, const std::string& key_path, io::Disk& disk) {
  TRY(std::string certificate, read_pem(certificate_path, "the TLS certificate", disk));
  TRY(std::string key, read_pem(key_path, "the TLS private key", disk));
  auto context = make_server_context({certificate, certificate_path}, {key, key_path});
  OPENSSL_cleanse(key.data(), key.size());
  TRY(OwnedContext made, std::move(context));
  auto parts = std::make_unique<Parts>(Parts{std::move(made)});
  return std::unique_ptr<ServerContext>(new ServerContext(std::move(parts)));
}

Result<std::unique_ptr<ServerContext>> ServerContext::from_pem(std::string_view certificate_pem,
                                                               std::string_view key_pem) {
  TRY(OwnedContext made, make_server_context({certificate_pem, "the TLS certificate"},
                                             {key_pem, "the TLS private key"}));
  auto parts = std::make_unique<Parts>(Parts{std::move(made)});
  return std::unique_ptr<ServerContext>(new ServerContext(std::move(parts)));
}

base::WallTime ServerContext::expires_at() const {
  const X509* certificate = SSL_CTX_get0_certificate(parts_->context.get());
  std::tm end{};
  // What does not decode has not been valid for a long time.
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return {};
  return base::WallTime(std::chrono::seconds(::timegm(&end)));
}

ServerContext::ServerContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ServerContext::~ServerContext() = default;

}  // namespace waypost::tls
