#include "delivery/connection.h"

#include "base/ascii.h"
#include "delivery/login.h"
#include "delivery/transaction.h"
#include "smtp/limits.h"

namespace waypost::delivery {
namespace {

using events::Outcome;
using events::Phase;
using events::Verdict;

// Nothing depends on the answer to QUIT.
constexpr Duration quit_patience = std::chrono::seconds(2);

std::string certificate_verdict(const tls::TlsFacts& facts) {
  if (facts.verified) return "valid";
  return facts.certificate_problem.empty() ? "not checked" : facts.certificate_problem;
}

}  // namespace

// Why a connection could not be made ready: a reply, or what happened instead of one.
struct Connection::Failure {
  Phase phase;
  std::optional<smtp::Reply> reply;
  std::string reason;
  bool ourselves = false;
  bool fell_silent = false;  // they ended the connection, or said nothing in time

  static tl::unexpected<Failure> from(Phase phase, const Result<smtp::Reply>& answer) {
    if (answer) return tl::unexpected(Failure{phase, *answer, {}});
    return from(phase, answer.error());
  }
  static tl::unexpected<Failure> from(Phase phase, const Error& error) {
    bool silence = error.code() == ErrorCode::peer_gone || error.code() == ErrorCode::timed_out;
    return tl::unexpected(Failure{phase, {}, error.describe(), false, silence});
  }
  static tl::unexpected<Failure> because(Phase phase, std::string reason) {
    return tl::unexpected(Failure{phase, {}, std::move(reason)});
  }

  // Whatever they say before a message is named, it is no verdict on the message: another time or
  // another host may take it.
  Outcome outcome(const Connection& connection) && {
    Outcome outcome;
    if (ourselves) outcome = loop_to_self(connection.target_.route->domain);
    outcome.phase = phase;
    outcome.peer = connection.peer_;
    if (ourselves) return outcome;
    outcome.reply = std::move(reply);
    outcome.reason = std::move(reason);
    outcome.concerns_site = true;
    bool first_words = phase == Phase::greeting || (phase == Phase::tls && connection.tls_first());
    outcome.unanswered = fell_silent && first_words;
    return outcome;
  }
};

void Target::say_source(events::Peer& peer) const {
  if (source->id.empty()) return;
  peer.source = source->id;
  if (const auto& from = source->address_for(address.address)) peer.source_address = from->text();
}

Connection::Connection(Surroundings surroundings, std::shared_ptr<const Settings> settings,
                       Target target, std::unique_ptr<io::Stream> stream)
    : surroundings_(surroundings),
      settings_(std::move(settings)),
      target_(std::move(target)),
      peer_{target_.host, target_.address.text(), {}, {}},
      dialogue_(surroundings.loop, std::move(stream)) {
  target_.say_source(peer_);
}

io::Task<tl::expected<std::unique_ptr<Connection>, Outcome>> Connection::open(
    Surroundings surroundings, std::shared_ptr<const Settings> settings, Target target,
    std::unique_ptr<io::Stream> stream, AttemptLog& log) {
  std::unique_ptr<Connection> connection(
      new Connection(surroundings, std::move(settings), std::move(target), std::move(stream)));
  connection->dialogue_.write_down_in(&log);
  Ready ready = co_await connection->prepare(log);
  connection->dialogue_.write_down_in(nullptr);
  if (!ready) co_return tl::unexpected(std::move(ready).error().outcome(*connection));
  co_return connection;
}

io::Task<Connection::Ready> Connection::prepare(AttemptLog& log) {
  Ready ready;
  if (tls_first()) ready = co_await shake_hands(log);
  if (ready) ready = co_await greet(log);
  if (ready) ready = co_await hello(log);
  if (ready && target_.use_tls && !tls_first()) ready = co_await secure(log);
  if (ready && target_.route->login) ready = co_await authenticate(log);
  co_return ready;
}

io::Task<Connection::Ready> Connection::greet(AttemptLog& log) {
  log.enter(Phase::greeting);
  Result<smtp::Reply> greeting = co_await dialogue_.read_reply(smtp::greeting_timeout);
  if (!greeting || !greeting->positive()) co_return Failure::from(Phase::greeting, greeting);
  co_return Ready();
}

io::Task<Connection::Ready> Connection::hello(AttemptLog& log) {
  log.enter(Phase::hello);
  std::string ehlo = "EHLO " + target_.source->helo + "\r\n";
  Result<smtp::Reply> reply = co_await dialogue_.ask(std::move(ehlo), smtp::mail_timeout);
  if (reply && reply->positive()) {
    capabilities_ = smtp::parse_ehlo(*reply);
    if (is_ourselves(*reply)) co_return tl::unexpected(Failure{Phase::hello, {}, {}, true});
    co_return Ready();
  }
  // RFC 5321 §3.2: a server that does not know EHLO gets HELO.
  if (reply && reply->permanent()) {
    std::string helo = "HELO " + target_.source->helo + "\r\n";
    reply = co_await dialogue_.ask(std::move(helo), smtp::mail_timeout);
  }
  if (!reply || !reply->positive()) co_return Failure::from(Phase::hello, reply);
  capabilities_ = {};
  co_return Ready();
}

// A host that the name system led us to and that has our name. Behind address translation only the
// name tells. A source's name may be that of another machine, where the proxy is.
bool Connection::is_ourselves(const smtp::Reply& hello) const {
  if (!target_.route->by_name_system) return false;
  std::string_view name = hello.lines.front();
  name = name.substr(0, name.find(' '));
  return base::equals_ignoring_case(name, settings_->hostname);
}

io::Task<Connection::Ready> Connection::secure(AttemptLog& log) {
  log.enter(Phase::tls);
  if (!capabilities_.starttls) {
    if (!tls_required()) co_return Ready();
    co_return Failure::because(
        Phase::tls, "they do not offer STARTTLS, and the configuration requires TLS for them");
  }
  Result<smtp::Reply> reply = co_await dialogue_.ask("STARTTLS\r\n", smtp::mail_timeout);
  if (!reply) co_return Failure::from(Phase::tls, reply);
  if (!reply->positive()) {
    if (tls_required()) co_return Failure::from(Phase::tls, reply);
    co_return Ready();
  }
  // RFC 3207 §5: what was sent before the handshake must not count as said within it.
  if (dialogue_.has_unread_octets())
    co_return Failure::because(Phase::tls, "they sent octets before the TLS handshake");
  Ready secured = co_await shake_hands(log);
  if (!secured) co_return secured;
  co_return co_await hello(log);
}

io::Task<Connection::Ready> Connection::shake_hands(AttemptLog& log) {
  log.enter(Phase::tls);
  tls::ClientContext* context =
      tls_required() ? surroundings_.verifying_tls : &surroundings_.opportunistic_tls;
  if (!context)
    co_return Failure::because(
        Phase::tls,
        "their certificate cannot be checked: the system has no list of certificate "
        "authorities; install the package ca-certificates, and restart");
  Instant deadline = surroundings_.loop.now() + smtp::mail_timeout;
  auto stream = co_await tls::connect(dialogue_.take_stream(), *context, peer_.host, deadline);
  if (!stream) {
    log.did("the TLS handshake failed: " + stream.error().describe());
    co_return Failure::from(Phase::tls, stream.error());
  }
  const tls::TlsFacts& facts = (*stream)->facts();
  peer_.tls = facts.version + " " + facts.cipher;
  peer_.certificate = certificate_verdict(facts);
  log.did(peer_.tls + ", certificate of " + facts.peer_subject + ": " + peer_.certificate);
  auto bindings = (*stream)->channel_bindings();
  if (!bindings.empty()) binding_ = std::move(bindings.front());
  dialogue_.continue_over(*std::move(stream));
  co_return Ready();
}

io::Task<Connection::Ready> Connection::authenticate(AttemptLog& log) {
  log.enter(Phase::login);
  const Login& login = *target_.route->login;
  if (peer_.certificate != "valid" || !surroundings_.secrets)
    co_return Failure::because(Phase::login, "no login without TLS and a certificate that holds");
  Result<Secret> secret = co_await surroundings_.secrets->read(login.secret_file);
  if (!secret) co_return Failure::because(Phase::login, secret.error().describe());
  sasl::ClientLogin asked{login.name, *std::move(secret), login.mechanism, binding_, true};
  auto done = co_await log_in(dialogue_, capabilities_, std::move(asked), surroundings_.loop.rng());
  if (done) co_return Ready();
  co_return tl::unexpected(
      Failure{Phase::login, std::move(done.error().reply), std::move(done.error().reason)});
}

io::Task<std::vector<Outcome>> Connection::send(const spool::Envelope& envelope,
                                                std::vector<uint32_t> recipients,
                                                const Permission& turn, AttemptLog& log) {
  went_unanswered_ = false;
  if (messages_sent_ > 0 && log.keeps_transcript())
    log.did("the connection to " + peer_.host + ", " + peer_.address +
            " is used for a further message");
  const size_t count = recipients.size();
  dialogue_.write_down_in(&log);
  Transaction transaction({dialogue_, capabilities_, surroundings_.spool, *settings_, log},
                          envelope, std::move(recipients));
  // Before the turn, which is for MAIL alone: nothing may come between that takes time.
  if (std::exchange(needs_reset_, false)) co_await transaction.reset();
  log.pause();
  if (transaction.connection_usable()) {
    std::optional<std::string> why_not = co_await turn();
    if (why_not) {
      dialogue_.write_down_in(nullptr);
      co_return std::vector<Outcome>(count, not_now(*std::move(why_not), log));
    }
    co_await transaction.run();
    ++messages_sent_;
  }
  dialogue_.write_down_in(nullptr);
  log.pause();
  // A reply that nobody asked for would be taken for one of the next message.
  usable_ = transaction.connection_usable() && !dialogue_.has_unread_octets();
  needs_reset_ = transaction.left_open();
  went_unanswered_ = transaction.went_unanswered();
  std::vector<Outcome> outcomes = transaction.take_outcomes();
  for (Outcome& outcome : outcomes) outcome.peer = peer_;
  co_return outcomes;
}

Outcome Connection::not_now(std::string why, AttemptLog& log) const {
  log.did(why);
  Outcome outcome;
  outcome.phase = Phase::egress;
  outcome.reason = std::move(why);
  outcome.peer = peer_;
  return outcome;
}

io::Task<void> Connection::quit() {
  if (std::exchange(usable_, false)) {
    auto answer = co_await dialogue_.ask("QUIT\r\n", quit_patience);
    static_cast<void>(answer);
  }
  if (dialogue_.stream()) dialogue_.stream()->close();
}

}  // namespace waypost::delivery
