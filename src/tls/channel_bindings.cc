#include "tls/channel_bindings.h"

#include <openssl/err.h>

namespace waypost::tls {
namespace {

constexpr size_t exporter_octets = 32;

unsigned char* octets_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string exporter(SSL* ssl) {
  static constexpr std::string_view label = "EXPORTER-Channel-Binding";
  std::string octets(exporter_octets, '\0');
  const int made = SSL_export_keying_material(ssl, octets_of(octets), octets.size(), label.data(),
                                              label.size(), nullptr, 0, 1);
  return made == 1 ? octets : std::string();
}

// The first Finished message of the handshake: the client's, but the server's when a session was
// taken up again.
std::string unique(SSL* ssl) {
  const bool ours = (SSL_is_server(ssl) == 1) == (SSL_session_reused(ssl) == 1);
  std::string octets(EVP_MAX_MD_SIZE, '\0');
  octets.resize(ours ? SSL_get_finished(ssl, octets.data(), octets.size())
                     : SSL_get_peer_finished(ssl, octets.data(), octets.size()));
  return octets;
}

std::string server_end_point(SSL* ssl) {
  X509* certificate =
      SSL_is_server(ssl) ? SSL_get_certificate(ssl) : SSL_get0_peer_certificate(ssl);
  int hash = NID_undef;
  if (!certificate || X509_get_signature_info(certificate, &hash, nullptr, nullptr, nullptr) != 1 ||
      hash == NID_undef)
    return {};
  if (hash == NID_md5 || hash == NID_sha1) hash = NID_sha256;
  const EVP_MD* digest = EVP_get_digestbynid(hash);
  std::string octets(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (!digest || X509_digest(certificate, digest, octets_of(octets), &size) != 1) return {};
  octets.resize(size);
  return octets;
}

}  // namespace

std::vector<ChannelBinding> channel_bindings_of(SSL* ssl) {
  using Type = ChannelBinding::Type;
  std::vector<ChannelBinding> bindings;
  const auto add = [&](Type type, std::string octets) {
    if (!octets.empty()) bindings.push_back({type, std::move(octets)});
  };
  if (SSL_version(ssl) >= TLS1_3_VERSION)
    add(Type::tls_exporter, exporter(ssl));
  else if (SSL_get_extms_support(ssl) == 1)
    add(Type::tls_unique, unique(ssl));
  add(Type::tls_server_end_point, server_end_point(ssl));
  ERR_clear_error();
  return bindings;
}

}  // namespace waypost::tls
