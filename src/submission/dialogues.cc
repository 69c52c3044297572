#include <algorithm>
#include <utility>

#include "smtp/limits.h"
#include "submission/session.h"

// The commands that wait for the client or the disk: STARTTLS, DATA; and what a failed login waits.
namespace waypost::submission {
namespace {

constexpr size_t content_octets_at_once = 64 * 1024;
constexpr unsigned login_delay_doublings_max = 6;

constexpr smtp::EnhancedCode bad_content{5, 6, 0};
constexpr smtp::EnhancedCode bad_credentials{5, 7, 8};

// RFC 3463 §3.7: it is the content that cannot be taken, whichever recipient it is for.
smtp::Reply refuse_content(smtp::DataFault fault) {
  switch (fault) {
    case smtp::DataFault::bare_cr:
      return smtp::reply(554, bad_content, "The message has a CR without LF; closing");
    case smtp::DataFault::bare_lf:
      return smtp::reply(554, bad_content,
                         "The message has a LF without CR: lines must end with CRLF; closing");
    case smtp::DataFault::nul:
      return smtp::reply(554, bad_content, "The message has a NUL octet; closing");
    case smtp::DataFault::line_too_long:
      break;
  }
  return smtp::reply(554, bad_content, "The message has a line that is too long");
}

}  // namespace

io::Task<std::optional<smtp::Reply>> Session::on_starttls() {
  // RFC 3207 §6: what stands behind the command came from whoever can write into the clear text.
  if (!connection_.buffered().empty()) {
    end_with(smtp::reply(554, {5, 5, 1}, "Nothing may follow STARTTLS before TLS; closing"));
    co_return std::nullopt;
  }
  connection_.append(smtp::reply(220, {2, 0, 0}, "Ready to start TLS"));
  co_await secure();
  co_return std::nullopt;
}

// The same words and the same wait whatever was wrong, so that nobody learns which names exist.
io::Task<smtp::Reply> Session::refuse_login() {
  const unsigned doublings = std::min(login_failures_, login_delay_doublings_max);
  ++login_failures_;
  co_await pause(settings_.login_failure_delay * (1 << doublings));
  if (login_failures_ < settings_.login_failures_max)
    co_return smtp::reply(535, bad_credentials, "The name or the secret is wrong");
  ended_ = true;
  co_return smtp::reply(421, {4, 7, 0}, "Too many failed logins; closing");
}

io::Task<std::optional<smtp::Reply>> Session::on_data() {
  connection_.append(smtp::reply(354, "Send the message; end it with <CRLF>.<CRLF>"));
  taking_message_ = true;
  smtp::DataReader reader;
  const bool whole = co_await receive_content(reader);
  std::optional<smtp::Reply> reply;
  if (whole) reply = co_await take_message(reader.fault());
  taking_message_ = false;
  phase_ = smtp::after(phase_, smtp::Verb::data);
  co_return reply;
}

io::Task<bool> Session::receive_content(smtp::DataReader& reader) {
  const Instant patience_ends = in(settings_.command_timeout);
  uint64_t octets = 0;
  while (true) {
    std::string content;
    const size_t taken = reader.feed(connection_.buffered(), content);
    connection_.drop(taken);
    octets += taken;
    co_await arrival_->add(std::move(content));
    if (reader.ended()) co_return true;
    const std::chrono::seconds earned(octets / settings_.data_octets_per_second_min);
    const Instant deadline = std::min(in(settings_.command_timeout), patience_ends + earned);
    const bool more = co_await receive(content_octets_at_once, deadline);
    if (!more) co_return false;
  }
}

io::Task<smtp::Reply> Session::take_message(std::optional<smtp::DataFault> fault) {
  if (fault) {
    // Whoever sends this may mean what follows as a second message (SMTP smuggling): the connection
    // ends here, and what follows with it.
    ended_ = *fault != smtp::DataFault::line_too_long;
    smtp::Reply refused = refuse_content(*fault);
    arrival_->reject(refused);
    co_return refused;
  }
  idle_commands_ = 0;
  tl::expected<MessageId, smtp::Reply> id = co_await arrival_->finish();
  if (!id) co_return std::move(id).error();
  co_return smtp::reply(250, {2, 0, 0}, "Ok: queued as " + id->text());
}

}  // namespace waypost::submission
