#include "tls/tls_stream.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/ip_address.h"
#include "tls/channel_bindings.h"
#include "tls/handshake_failure.h"
#include "tls/judge_certificate.h"
#include "tls/openssl.h"
#include "tls/wire.h"

namespace waypost::tls {
namespace {

// One record's worth of plain text (RFC 8446 §5.1).
constexpr size_t record_octets_max = 16 << 10;
// Encrypted octets gathered for one write to the connection.
constexpr size_t batch_octets = 32 << 10;
constexpr size_t opening_octets_max = 80;
constexpr size_t host_name_octets_max = 253;

Error failed_before() { return Error(ErrorCode::tls, "the TLS session has failed before"); }

}  // namespace

// The connection, OpenSSL's state and the octets between them. Only one coroutine works with it at
// a time, so it needs no lock; close() and stop_reading() go past it to the connection.
struct TlsStream::Engine {
  Engine(std::unique_ptr<io::Stream> connection, SSL_CTX* context)
      : plain(std::move(connection)), ssl(SSL_new(context)) {
    if (ssl) wire.attach(ssl.get());
  }

  // Sends what OpenSSL produced; there must be something.
  io::Task<Result<void>> flush(Instant deadline);
  // Gets more octets for OpenSSL; false at the end of the connection.
  io::Task<Result<bool>> fill(Instant deadline);
  io::Task<Result<void>> handshake(Instant deadline);
  // What to do when OpenSSL can go on no further without reading. Fails at the end of the
  // connection.
  io::Task<Result<void>> exchange(Instant deadline);
  io::Task<Error> fail(Error error, Instant deadline);
  void learn_facts();
  // From OpenSSL's error queue, which stays as it is.
  void note_alert();

  std::unique_ptr<io::Stream> plain;
  Wire wire;
  OwnedSsl ssl;  // after the wire, which it uses
  TlsFacts facts;
  std::shared_ptr<PeerSigns> signs;  // may be null
  std::string opening;               // the peer's first octets, kept while the handshake runs
  bool name_expected = false;
  bool handshaking = true;
  bool stopped = false;
  bool broken = false;
};

io::Task<Result<void>> TlsStream::Engine::flush(Instant deadline) {
  auto written = co_await plain->write(wire.outgoing(), deadline);
  wire.sent();
  if (!written) broken = true;
  co_return written;
}

io::Task<Result<bool>> TlsStream::Engine::fill(Instant deadline) {
  std::span<char> space = wire.space();
  CO_TRY(size_t got, co_await plain->read(space, deadline));
  if (got == 0) co_return false;
  wire.received(got);
  if (handshaking && opening.size() < opening_octets_max)
    opening.append(space.data(), std::min(got, opening_octets_max - opening.size()));
  co_return true;
}

io::Task<Result<void>> TlsStream::Engine::exchange(Instant deadline) {
  if (!wire.outgoing().empty()) CO_TRY_VOID(co_await flush(deadline));
  CO_TRY(bool more, co_await fill(deadline));
  if (more) co_return Result<void>();
  broken = true;
  if (handshaking && opening.empty())
    co_return failure(ErrorCode::peer_gone, "the peer hung up before it said anything");
  if (handshaking) co_return failure(ErrorCode::tls, "the peer hung up in the TLS handshake");
  co_return failure(ErrorCode::peer_gone,
                    "the connection was cut, TLS was not closed: octets may be missing");
}

// Tells the peer by the alert that OpenSSL prepared; that this may fail changes nothing.
io::Task<Error> TlsStream::Engine::fail(Error error, Instant deadline) {
  if (!wire.outgoing().empty()) static_cast<void>(co_await flush(deadline));
  broken = true;
  co_return error;
}

io::Task<Result<void>> TlsStream::Engine::handshake(Instant deadline) {
  while (true) {
    ERR_clear_error();
    int done = SSL_do_handshake(ssl.get());
    if (done == 1) break;
    if (SSL_get_error(ssl.get(), done) != SSL_ERROR_WANT_READ) {
      note_alert();
      Error why = explain_handshake_failure(ssl.get(), facts.certificate_problem, opening);
      co_return failure(co_await fail(std::move(why), deadline));
    }
    auto exchanged = co_await exchange(deadline);
    if (!exchanged)
      co_return failure(std::move(exchanged).error().while_doing("shaking hands for TLS"));
  }
  handshaking = false;
  opening = std::string();
  learn_facts();
  if (!wire.outgoing().empty()) CO_TRY_VOID(co_await flush(deadline));
  co_return Result<void>();
}

void TlsStream::Engine::note_alert() {
  constexpr int numbers = 256;
  const unsigned long code = ERR_peek_last_error();
  const int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
  if (signs && ERR_GET_LIB(code) == ERR_LIB_SSL && alert >= 0 && alert < numbers)
    signs->alert = alert;
}

void TlsStream::Engine::learn_facts() {
  facts.version = SSL_get_version(ssl.get());
  facts.cipher = SSL_get_cipher_name(ssl.get());
  if (X509* certificate = SSL_get0_peer_certificate(ssl.get()))
    facts.peer_subject = text_of(X509_get_subject_name(certificate));
  if (SSL_is_server(ssl.get())) return;
  facts.verified = name_expected && SSL_get_verify_result(ssl.get()) == X509_V_OK;
}

TlsStream::TlsStream(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
TlsStream::~TlsStream() = default;

io::Task<Result<size_t>> TlsStream::read(std::span<char> into, Instant deadline) {
  Engine& engine = *engine_;
  while (true) {
    if (engine.stopped) co_return failure(ErrorCode::cancelled, "reading was stopped");
    if (engine.broken) co_return failure(failed_before());
    ERR_clear_error();
    size_t got = 0;
    if (SSL_read_ex(engine.ssl.get(), into.data(), into.size(), &got) == 1) co_return got;
    int reason = SSL_get_error(engine.ssl.get(), 0);
    if (reason == SSL_ERROR_ZERO_RETURN) co_return size_t{0};
    if (reason != SSL_ERROR_WANT_READ) {
      engine.note_alert();
      Error why(ErrorCode::tls,
                fmt::format("the peer broke the TLS session ({})", take_openssl_error()));
      co_return failure(co_await engine.fail(std::move(why), deadline));
    }
    CO_TRY_VOID(co_await engine.exchange(deadline));
  }
}

io::Task<Result<void>> TlsStream::write(std::string_view octets, Instant deadline) {
  Engine& engine = *engine_;
  while (!octets.empty()) {
    if (engine.broken) co_return failure(failed_before());
    ERR_clear_error();
    size_t taken = 0;
    std::string_view piece = octets.substr(0, record_octets_max);
    if (SSL_write_ex(engine.ssl.get(), piece.data(), piece.size(), &taken) == 1) {
      octets.remove_prefix(taken);
      if (octets.empty() || engine.wire.outgoing().size() >= batch_octets)
        CO_TRY_VOID(co_await engine.flush(deadline));
      continue;
    }
    // The peer may owe us a message of the handshake protocol before we may write on.
    if (SSL_get_error(engine.ssl.get(), 0) == SSL_ERROR_WANT_READ) {
      CO_TRY_VOID(co_await engine.exchange(deadline));
      continue;
    }
    Error why(ErrorCode::tls, fmt::format("TLS could not send ({})", take_openssl_error()));
    co_return failure(co_await engine.fail(std::move(why), deadline));
  }
  co_return Result<void>();
}

io::Task<Result<void>> TlsStream::end_writing(Instant deadline) {
  Engine& engine = *engine_;
  if (engine.broken) co_return failure(failed_before());
  ERR_clear_error();
  SSL_shutdown(engine.ssl.get());
  ERR_clear_error();
  if (!engine.wire.outgoing().empty()) CO_TRY_VOID(co_await engine.flush(deadline));
  co_return Result<void>();
}

void TlsStream::stop_reading() {
  engine_->stopped = true;
  engine_->plain->stop_reading();
}

void TlsStream::close() {
  engine_->broken = true;
  engine_->plain->close();
}

Endpoint TlsStream::local() const { return engine_->plain->local(); }
Endpoint TlsStream::peer() const { return engine_->plain->peer(); }
const TlsFacts& TlsStream::facts() const { return engine_->facts; }
CertificateReport TlsStream::certificate_report(const std::string& host, WallTime at) const {
  return judge_certificate(engine_->ssl.get(), host, at);
}
std::vector<ChannelBinding> TlsStream::channel_bindings() const {
  return channel_bindings_of(engine_->ssl.get());
}

namespace {

// Whom the client asks for, and what the certificate must carry; false for nobody in particular.
Result<bool> set_expected_name(SSL* ssl, std::string name, Verification verification) {
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() && verification == Verification::opportunistic) return false;
  if (name.empty() || name.size() > host_name_octets_max || name.find('\0') != name.npos)
    return failure(ErrorCode::tls, "there is no usable host name to verify the peer by");
  bool set = false;
  if (IpAddress::parse(name))
    set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  else
    set = SSL_set1_host(ssl, name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
  if (set) return true;
  return failure(ErrorCode::tls, fmt::format("\"{}\" is not usable as a host name in TLS: {}", name,
                                             take_openssl_error()));
}

Result<std::unique_ptr<TlsStream::Engine>> make_engine(std::unique_ptr<io::Stream> plain,
                                                       SSL_CTX* context) {
  auto engine = std::make_unique<TlsStream::Engine>(std::move(plain), context);
  if (engine->ssl) return engine;
  return failure(ErrorCode::resource_exhausted,
                 fmt::format("a TLS session could not be made: {}", take_openssl_error()));
}

// Called by OpenSSL where the peer asks for a certificate; 1: go on without one.
int note_request(SSL*, void* signs) {
  static_cast<PeerSigns*>(signs)->asks_certificate = true;
  return 1;
}

}  // namespace

io::Task<Result<std::unique_ptr<TlsStream>>> accept(std::unique_ptr<io::Stream> plain,
                                                    ServerContext& context, Instant deadline) {
  CO_TRY(auto engine, make_engine(std::move(plain), context.parts().context.get()));
  SSL_set_accept_state(engine->ssl.get());
  CO_TRY_VOID(co_await engine->handshake(deadline));
  co_return std::make_unique<TlsStream>(std::move(engine));
}

io::Task<Result<std::unique_ptr<TlsStream>>> connect(std::unique_ptr<io::Stream> plain,
                                                     ClientContext& context, std::string host_name,
                                                     Instant deadline,
                                                     std::shared_ptr<PeerSigns> signs) {
  ClientContext::Parts& parts = context.parts();
  CO_TRY(auto engine, make_engine(std::move(plain), parts.context.get()));
  SSL* ssl = engine->ssl.get();
  SSL_set_connect_state(ssl);
  watch_certificate(ssl, engine->facts.certificate_problem);
  engine->signs = std::move(signs);
  if (engine->signs) SSL_set_cert_cb(ssl, note_request, engine->signs.get());
  CO_TRY(engine->name_expected, set_expected_name(ssl, std::move(host_name), parts.verification));
  auto now = std::chrono::floor<std::chrono::seconds>(parts.clock.wall_now());
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), now.time_since_epoch().count());
  CO_TRY_VOID(co_await engine->handshake(deadline));
  co_return std::make_unique<TlsStream>(std::move(engine));
}

}  // namespace waypost::tls
