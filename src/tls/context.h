#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/disk.h"

namespace waypost::tls {

// What both kinds of context share: TLS 1.2 or later, forward secrecy first, no compression, no
// renegotiation. A context may go away before the streams made from it, so that a new certificate
// can replace it at any time. Thread: any, once made.

// What a server shows: one certificate with its chain and key. Session tickets are sealed with keys
// of this context, so that a restart or a new certificate ends them.
class ServerContext {
 public:
  struct Parts;

  // Both files are PEM (RFC 7468); the certificate's file begins with the server's own certificate,
  // the chain follows. Failures name the file, what is wrong and what to do.
  static Result<std::unique_ptr<ServerContext>> from_files(const std::string& certificate_path,
                                                           const std::string& key_path,
                                                           io::Disk& disk);
  static Result<std::unique_ptr<ServerContext>> from_pem(std::string_view certificate_pem,
                                                         std::string_view key_pem);

  // Until when the server's own certificate holds.
  base::WallTime expires_at() const;

  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  Parts& parts() const { return *parts_; }

 private:
  explicit ServerContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

enum class Verification {
  // Any certificate will do; what is wrong with it is only told (TlsFacts::certificate_problem).
  // RFC 7435 §3: encryption that nobody proved is better than none.
  opportunistic,
  // The chain must end at a known authority and the certificate must carry the host's name
  // (RFC 9525 §6); otherwise the handshake fails.
  required,
};

struct ClientOptions {
  Verification verification = Verification::opportunistic;
  std::string ca_file;  // PEM; empty: the system's list of authorities
  // What programs offer by OpenSSL's defaults, which is more than we do for ourselves: to find out
  // whether they can talk to a peer.
  bool usual_ciphers = false;
  // Only to find out what a peer offers, never to pass anything on: TLS 1.0 and 1.1, weak ciphers
  // and keys, too.
  bool obsolete_too = false;
};

class ClientContext {
 public:
  struct Parts;

  // Certificates are judged by the time of `clock`, which outlives the context. A missing list of
  // authorities is a failure only where verification is required or a file was named.
  static Result<std::unique_ptr<ClientContext>> create(const ClientOptions& options, io::Disk& disk,
                                                       io::Clock& clock);

  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  Parts& parts() const { return *parts_; }

 private:
  explicit ClientContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace waypost::tls
