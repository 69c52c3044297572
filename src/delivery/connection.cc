#include "delivery/connection.h"

#include "delivery/transaction.h"
#include "smtp/limits.h"
#include "tls/tls_stream.h"

namespace waypost::delivery {
namespace {

using events::Outcome;
using events::Phase;
using events::Verdict;

// Nothing depends on the answer to QUIT.
constexpr Duration quit_patience = std::chrono::seconds(2);

}  // namespace

// Why a connection could not be made ready: a reply, or what happened instead of one.
struct Connection::Failure {
  Phase phase;
  std::optional<smtp::Reply> reply;
  std::string reason;

  static tl::unexpected<Failure> from(Phase phase, const Result<smtp::Reply>& answer) {
    if (answer) return tl::unexpected(Failure{phase, *answer, {}});
    return tl::unexpected(Failure{phase, {}, answer.error().describe()});
  }

  // Whatever they say before a message is named, it is no verdict on the message: another time or
  // another host may take it.
  Outcome outcome(const events::Peer& peer) && {
    Outcome outcome;
    outcome.verdict = Verdict::deferred;
    outcome.phase = phase;
    outcome.reply = std::move(reply);
    outcome.reason = std::move(reason);
    outcome.peer = peer;
    outcome.concerns_site = true;
    return outcome;
  }
};

Connection::Connection(Surroundings surroundings, std::unique_ptr<io::Stream> stream,
                       events::Peer peer)
    : surroundings_(surroundings),
      peer_(std::move(peer)),
      dialogue_(surroundings.loop, std::move(stream)) {}

io::Task<tl::expected<std::unique_ptr<Connection>, Outcome>> Connection::open(
    Surroundings surroundings, std::string host, Endpoint to, bool use_tls) {
  events::Peer peer{host, to.text(), {}};
  Instant deadline = surroundings.loop.now() + surroundings.settings.connect_timeout;
  auto stream =
      co_await surroundings.network.connect(to, {surroundings.settings.source_address}, deadline);
  if (!stream)
    co_return tl::unexpected(Failure{Phase::connect, {}, stream.error().describe()}.outcome(peer));
  std::unique_ptr<Connection> connection(
      new Connection(surroundings, *std::move(stream), std::move(peer)));
  auto ready = co_await connection->greet();
  if (ready) ready = co_await connection->hello();
  if (ready && use_tls) ready = co_await connection->secure();
  if (!ready) co_return tl::unexpected(std::move(ready).error().outcome(connection->peer_));
  co_return connection;
}

io::Task<tl::expected<void, Connection::Failure>> Connection::greet() {
  Result<smtp::Reply> greeting = co_await dialogue_.read_reply(smtp::greeting_timeout);
  if (!greeting || !greeting->positive()) co_return Failure::from(Phase::greeting, greeting);
  co_return tl::expected<void, Failure>();
}

io::Task<tl::expected<void, Connection::Failure>> Connection::hello() {
  const std::string& name = surroundings_.settings.hostname;
  Result<smtp::Reply> reply = co_await dialogue_.ask("EHLO " + name + "\r\n", smtp::mail_timeout);
  if (reply && reply->positive()) {
    capabilities_ = smtp::parse_ehlo(*reply);
    co_return tl::expected<void, Failure>();
  }
  // RFC 5321 §3.2: a server that does not know EHLO gets HELO.
  if (reply && reply->permanent())
    reply = co_await dialogue_.ask("HELO " + name + "\r\n", smtp::mail_timeout);
  if (!reply || !reply->positive()) co_return Failure::from(Phase::hello, reply);
  capabilities_ = {};
  co_return tl::expected<void, Failure>();
}

io::Task<tl::expected<void, Connection::Failure>> Connection::secure() {
  bool required = surroundings_.settings.tls == TlsPolicy::required;
  if (!capabilities_.starttls) {
    if (!required) co_return tl::expected<void, Failure>();
    co_return tl::unexpected(
        Failure{Phase::tls, {}, "they do not offer STARTTLS, and the configuration requires it"});
  }
  Result<smtp::Reply> reply = co_await dialogue_.ask("STARTTLS\r\n", smtp::mail_timeout);
  if (!reply) co_return Failure::from(Phase::tls, reply);
  if (!reply->positive()) {
    if (required) co_return Failure::from(Phase::tls, reply);
    co_return tl::expected<void, Failure>();
  }
  // RFC 3207 §5: what was sent before the handshake must not count as said within it.
  if (dialogue_.has_unread_octets())
    co_return tl::unexpected(Failure{Phase::tls, {}, "they sent octets before the TLS handshake"});
  Instant deadline = surroundings_.loop.now() + smtp::mail_timeout;
  auto stream =
      co_await tls::connect(dialogue_.take_stream(), surroundings_.tls, peer_.host, deadline);
  if (!stream) co_return tl::unexpected(Failure{Phase::tls, {}, stream.error().describe()});
  const tls::TlsFacts& facts = (*stream)->facts();
  peer_.tls = facts.version + " " + facts.cipher;
  dialogue_.continue_over(*std::move(stream));
  co_return co_await hello();
}

io::Task<std::vector<Outcome>> Connection::send(const spool::Envelope& envelope,
                                                std::vector<uint32_t> recipients,
                                                const std::function<io::Task<void>()>& turn) {
  co_await turn();
  Instant started = surroundings_.loop.now();
  went_unanswered_ = false;
  Transaction transaction(dialogue_, capabilities_, surroundings_.spool, envelope,
                          std::move(recipients));
  if (needs_reset_) co_await transaction.reset();
  co_await transaction.run();
  ++messages_sent_;
  usable_ = transaction.connection_usable();
  needs_reset_ = transaction.left_open();
  went_unanswered_ = transaction.went_unanswered();
  std::vector<Outcome> outcomes = transaction.take_outcomes();
  for (Outcome& outcome : outcomes) {
    outcome.peer = peer_;
    outcome.took = surroundings_.loop.now() - started;
  }
  co_return outcomes;
}

io::Task<void> Connection::quit() {
  if (std::exchange(usable_, false)) {
    auto answer = co_await dialogue_.ask("QUIT\r\n", quit_patience);
    static_cast<void>(answer);
  }
  dialogue_.stream().close();
}

}  // namespace waypost::delivery
