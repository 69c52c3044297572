#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/channel_binding.h"
#include "io/network.h"
#include "tls/certificate_report.h"
#include "tls/context.h"

namespace waypost::tls {

// What a handshake agreed on, for events, traces and the doctor.
struct TlsFacts {
  std::string version;              // "TLSv1.3"
  std::string cipher;               // "TLS_AES_256_GCM_SHA384"
  bool verified = false;            // known authority and right name; a client's view only
  std::string certificate_problem;  // why not verified, for people; "" on the server's side
  std::string peer_subject;         // RFC 4514 text, "" when the peer showed no certificate
};

// What a peer lets be known of a session that fails; TLS 1.3 tells some of it only behind the
// handshake.
struct PeerSigns {
  std::optional<int> alert;       // the number of the fatal alert that it sent (RFC 8446 §6)
  bool asks_certificate = false;  // it asked for a certificate of ours, and was shown none
};

// TLS over any stream, real or simulated. The peer's end counts as clean (a read of 0) only after
// its close_notify; without one it is peer_gone, because what came may have been cut off (RFC 8446
// §6.1). A failed stream stays failed. Thread: the loop's.
class TlsStream final : public io::Stream {
 public:
  struct Engine;

  explicit TlsStream(std::unique_ptr<Engine> engine);
  ~TlsStream() override;

  io::Task<Result<size_t>> read(std::span<char> into, Instant deadline) override;
  io::Task<Result<void>> write(std::string_view octets, Instant deadline) override;
  void stop_reading() override;
  void close() override;
  Endpoint local() const override;
  Endpoint peer() const override;

  // Tells the peer that no more will be written (close_notify), so that it can tell our end from an
  // attack. Reading goes on; closing without it is legal where the protocol itself has an end.
  io::Task<Result<void>> end_writing(Instant deadline);

  const TlsFacts& facts() const;
  // A client's view: all that is to say about the peer's certificate, by the authorities of the
  // context, for `host` and the time `at`.
  CertificateReport certificate_report(const std::string& host, WallTime at) const;
  // What ties a login to this connection, the strongest first; both ends have the same. A client's
  // choice is the first.
  std::vector<ChannelBinding> channel_bindings() const;

 private:
  std::unique_ptr<Engine> engine_;
};

// The two handshakes. They take the connection over, and close it when they fail: with
// ErrorCode::tls and a text for people where the peer, its certificate or its bad TLS is the
// reason; with timed_out, cancelled or peer_gone where the connection is.
// The contexts need to live only until the handshake is done.
io::Task<Result<std::unique_ptr<TlsStream>>> accept(std::unique_ptr<io::Stream> plain,
                                                    ServerContext& context, Instant deadline);
// `host_name`, or an IP address, is asked for (SNI, RFC 6066 §3) and is what the certificate must
// carry. It may be empty where verification is not required. `signs` is kept up to date as long as
// the stream lives.
io::Task<Result<std::unique_ptr<TlsStream>>> connect(std::unique_ptr<io::Stream> plain,
                                                     ClientContext& context, std::string host_name,
                                                     Instant deadline,
                                                     std::shared_ptr<PeerSigns> signs = nullptr);

}  // namespace waypost::tls
