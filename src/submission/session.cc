#include "submission/session.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "smtp/limits.h"
#include "smtp/line.h"
#include "submission/foreign_protocol.h"
#include "submission/shown_login.h"

namespace waypost::submission {
namespace {

constexpr size_t command_octets_at_once = 4096;
constexpr std::chrono::seconds goodbye_timeout{10};

constexpr smtp::EnhancedCode bad_syntax{5, 5, 2};
constexpr smtp::EnhancedCode bad_arguments{5, 5, 4};
constexpr smtp::EnhancedCode security_policy{5, 7, 0};

// A login on the line of AUTH makes it long (RFC 4954 §4).
size_t line_octets_max(std::string_view buffered) {
  return base::starts_with_ignoring_case(buffered, "AUTH ") ? smtp::auth_line_octets_max
                                                            : smtp::command_line_octets_accepted;
}

// A line that is not one: what follows it cannot be trusted to be the next command.
smtp::Reply refuse_line(smtp::LineStatus status) {
  if (status == smtp::LineStatus::too_long)
    return smtp::reply(500, bad_syntax, "The line is too long; closing");
  if (status == smtp::LineStatus::nul)
    return smtp::reply(500, bad_syntax, "The line has a NUL octet; closing");
  return smtp::reply(500, bad_syntax, "Lines must end with CR LF, and have no other CR; closing");
}

bool takes_no_arguments(smtp::Verb verb) {
  return verb == smtp::Verb::data || verb == smtp::Verb::rset || verb == smtp::Verb::quit ||
         verb == smtp::Verb::starttls;
}

// Commands that bring no message nearer.
bool is_idle(smtp::Verb verb) {
  return verb == smtp::Verb::noop || verb == smtp::Verb::rset || verb == smtp::Verb::help ||
         verb == smtp::Verb::vrfy || verb == smtp::Verb::ehlo || verb == smtp::Verb::helo;
}

smtp::Reply shutting_down() { return smtp::reply(421, {4, 3, 2}, "Shutting down; try again soon"); }

}  // namespace

Session::Session(std::unique_ptr<io::Stream> stream, const Caller& caller, const Settings& settings,
                 Services& services, TlsMode tls_mode)
    : settings_(settings),
      services_(services),
      tls_mode_(tls_mode),
      connection_(std::move(stream)),
      first_caller_(caller),
      caller_(caller),
      trusted_(caller.is_known_in(settings.trusted_networks)),
      network_(network_of(caller.client.address)),
      place_(services.clients, network_),
      pause_timer_(services.loop.timers()) {
  submitter_.client = caller.client;
  submitter_.session = services.clients.new_session_id(services.loop.wall_now());
}

io::Task<void> Session::run() {
  co_await open();
  while (!ended_) {
    std::optional<std::string> line = co_await next_line(0);
    if (!line) break;
    co_await answer(*line);
    base::Secret::wipe(*line);
  }
  arrival_.reset();
  co_await connection_.finish(in(goodbye_timeout));
}

io::Task<void> Session::open() {
  if (tls_mode_ == TlsMode::implicit) co_await secure();
  if (!ended_) connection_.append(greeting());
}

smtp::Reply Session::greeting() const { return smtp::reply(220, settings_.hostname + " ESMTP"); }

io::Task<std::optional<std::string>> Session::next_line(size_t octets_max) {
  const Instant deadline = in(settings_.command_timeout);
  while (!stopping_) {
    const std::string_view buffered = connection_.buffered();
    const smtp::TakenLine taken =
        smtp::take_command_line(buffered, octets_max > 0 ? octets_max : line_octets_max(buffered));
    if (taken.status == smtp::LineStatus::complete) {
      std::string line(taken.line);
      connection_.drop(taken.consumed);
      co_return line;
    }
    if (!connection_.secured() && looks_like_tls(buffered)) {
      end_with(smtp::reply(554, security_policy, "This port does not begin with TLS; closing"));
      co_return std::nullopt;
    }
    if (taken.status != smtp::LineStatus::incomplete) {
      end_with(refuse_line(taken.status));
      co_return std::nullopt;
    }
    const bool more = co_await receive(command_octets_at_once, deadline);
    if (!more) co_return std::nullopt;
  }
  end_with(shutting_down());
  co_return std::nullopt;
}

// Replies leave before we wait for the client, and only then: that is what a group of pipelined
// commands wants, and every command that ends a group is followed by such a wait.
io::Task<bool> Session::receive(size_t octets_max, Instant deadline) {
  Result<void> sent = co_await connection_.flush(in(settings_.command_timeout));
  if (!sent) {
    ended_ = true;
    co_return false;
  }
  Result<size_t> got = co_await connection_.receive(octets_max, deadline);
  if (!got) end_for(got.error());
  if (got && *got == 0) ended_ = true;
  co_return !ended_;
}

io::Task<void> Session::secure() {
  std::shared_ptr<tls::ServerContext> certificate = services_.certificate;
  Result<void> secured = co_await connection_.flush(in(settings_.command_timeout));
  if (secured && certificate)
    secured = co_await connection_.start_tls(*certificate, in(settings_.handshake_timeout));
  if (!secured || !certificate) {
    ended_ = true;
    co_return;
  }
  // RFC 3207 §4.2: what the client said in the clear is forgotten. What a listed proxy said of it
  // stays: else the client would pass for the proxy.
  phase_ = smtp::after(phase_, smtp::Verb::starttls);
  forget_client();
}

// All that it said of itself.
void Session::forget_client() {
  intake::Submitter fresh;
  fresh.client = submitter_.client;
  fresh.session = submitter_.session;
  fresh.tls = connection_.secured();
  submitter_ = std::move(fresh);
}

io::Task<void> Session::answer(const std::string& line) {
  if (looks_like_http(line)) {
    end_with(smtp::reply(554, security_policy, "This is a mail server, not a web server; closing"));
    co_return;
  }
  const smtp::Command command = smtp::parse_command(line);
  std::optional<smtp::Reply> reply = refuse_command(command);
  const bool refused = reply.has_value();
  if (command.verb == smtp::Verb::bdat)
    reply = co_await on_bdat(command.arguments, std::move(reply));
  else if (!refused)
    reply = co_await execute(command);
  if (!refused && reply && reply->positive()) phase_ = smtp::after(phase_, command.verb);
  if (reply) co_await say(command, *std::move(reply));
  if (phase_ < smtp::Phase::mail) end_transaction();
}

void Session::end_transaction() {
  arrival_.reset();
  chunks_.reset();
  submitter_.transaction = 0;
  told_of_recipient_ = false;
}

io::Task<std::optional<smtp::Reply>> Session::execute(const smtp::Command& command) {
  std::optional<smtp::Reply> reply;
  switch (command.verb) {
    case smtp::Verb::starttls:
      reply = co_await on_starttls();
      break;
    case smtp::Verb::auth:
      reply = co_await on_auth_in_turn(command.arguments);
      break;
    case smtp::Verb::data:
      reply = co_await on_data();
      break;
    default:
      reply = answer_at_once(command);
  }
  co_return reply;
}

std::optional<smtp::Reply> Session::refuse_command(const smtp::Command& command) const {
  const smtp::Facts now = facts();
  std::optional<smtp::Reply> refused = smtp::refuse_out_of_sequence(phase_, now, command.verb);
  const bool could_log_in = now.auth_offered || now.tls_offered;
  if (refused && refused->code == 530 && !could_log_in)
    return smtp::reply(530, security_policy,
                       "This port takes mail from trusted networks only, and " +
                           caller_.client.address.text() +
                           " is not in one: have it added, or log in on a port with TLS");
  if (!refused && takes_no_arguments(command.verb) && !command.arguments.empty())
    return smtp::reply(501, bad_arguments,
                       std::string(smtp::name(command.verb)) + " takes no arguments");
  return refused;
}

smtp::Facts Session::facts() const {
  const bool has_certificate = services_.certificate != nullptr;
  const bool login_is_safe = connection_.secured() || (settings_.login_without_tls_on_loopback &&
                                                       caller_.is_safe_in_the_clear());
  return {
      .tls_active = connection_.secured(),
      .tls_offered = tls_mode_ == TlsMode::starttls && has_certificate,
      .authenticated = submitter_.authenticated,
      .auth_offered = services_.authenticator && login_is_safe,
      .must_authenticate = !trusted_ && settings_.inbound.empty() && !settings_.strangers_to_local,
      .xclient_offered = may_announce()};
}

io::Task<void> Session::say(const smtp::Command& command, smtp::Reply reply) {
  report(command, reply);
  const bool counted = count(command.verb, reply);
  if (errors_ > settings_.errors_per_session_max) {
    end_with(smtp::reply(421, {4, 7, 0}, "Too many errors; closing"));
    co_return;
  }
  if (counted && errors_ > settings_.errors_per_session_max / 2)
    co_await pause(settings_.error_delay);
  connection_.append(reply);
  // A client that asks much and reads nothing must not fill our memory.
  if (!connection_.output_is_full()) co_return;
  Result<void> sent = co_await connection_.flush(in(settings_.command_timeout));
  if (!sent) ended_ = true;
}

// True when the command was an error.
bool Session::count(smtp::Verb verb, const smtp::Reply& reply) {
  if (is_idle(verb)) ++idle_commands_;
  // Who is not to be written to is no fault of a client that may send.
  const bool unwelcome = verb == smtp::Verb::rcpt && reply.code == 550 && !is_stranger();
  const bool counts = (reply.permanent() && !unwelcome) ||
                      (is_idle(verb) && idle_commands_ > settings_.idle_commands_max);
  if (counts) ++errors_;
  return counts;
}

void Session::report(const smtp::Command& command, const smtp::Reply& reply) {
  if (reply.positive() || reply.intermediate()) return;
  const bool noise = reply.permanent() && reply.enhanced && reply.enhanced->subject == 5;
  if (noise) return;
  std::optional<smtp::Mailbox> sender;
  std::vector<std::string> recipients;
  if (command.verb == smtp::Verb::mail) {
    if (auto mail = smtp::parse_mail(command.arguments)) sender = std::move(mail->sender);
  } else if (command.verb == smtp::Verb::rcpt) {
    if (arrival_) sender = arrival_->sender();
    if (auto rcpt = smtp::parse_rcpt(command.arguments, characters()))
      recipients.push_back(rcpt->recipient.text());
  } else if (command.verb != smtp::Verb::auth) {
    return;  // of a refused message its arrival tells; the rest is noise
  }
  if (!is_news(command.verb, reply)) return;
  intake::Submitter submitter = submitter_;
  if (command.verb == smtp::Verb::auth) submitter.login = shown_login(tried_login_);
  services_.intake.report_rejected(submitter, sender, std::move(recipients), reply);
}

// A client that asks again and again for what is refused only for now tells nothing new, and events
// of others must not be lost for it.
bool Session::is_news(smtp::Verb verb, const smtp::Reply& reply) {
  if (reply.permanent()) return true;
  if (verb == smtp::Verb::rcpt) return !std::exchange(told_of_recipient_, true);
  if (verb == smtp::Verb::mail && is_stranger())
    return services_.clients.is_worth_telling(network_, services_.loop.now());
  return true;
}

io::Task<void> Session::pause(Duration duration) {
  if (stopping_) co_return;
  io::Completion<bool> over;
  pause_ = &over;
  pause_timer_.start(in(duration), [this] { std::exchange(pause_, nullptr)->complete(true); });
  co_await over;
}

void Session::stop() {
  stopping_ = true;
  if (!taking_message_) connection_.stop_reading();
  // Last, since the session may go on, and end, inside.
  pause_timer_.cancel();
  if (pause_) std::exchange(pause_, nullptr)->complete(true);
}

void Session::close() {
  stopping_ = true;
  connection_.close();
  pause_timer_.cancel();
  if (pause_) std::exchange(pause_, nullptr)->complete(true);
}

void Session::end_with(const smtp::Reply& reply) {
  connection_.append(reply);
  ended_ = true;
}

void Session::end_for(const Error& error) {
  ended_ = true;
  if (error.code() == ErrorCode::timed_out)
    connection_.append(smtp::reply(421, {4, 4, 2}, "Timed out waiting for you; closing"));
  else if (error.code() == ErrorCode::cancelled && stopping_)
    connection_.append(shutting_down());
}

Instant Session::in(Duration duration) const { return services_.loop.now() + duration; }

}  // namespace waypost::submission
