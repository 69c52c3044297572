#include "demo/visit.h"

#include <array>

#include "smtp/data.h"
#include "smtp/limits.h"
#include "smtp/line.h"
#include "tls/tls_stream.h"

namespace waypost::demo {
namespace {

constexpr Duration patience = std::chrono::minutes(1);
constexpr Duration silent_for = std::chrono::seconds(10);
constexpr size_t recipients_max = 100;
constexpr size_t header_octets_max = size_t(64) * 1024;

}  // namespace

Visit::Visit(io::Loop& loop, Provider& provider, tls::ServerContext* certificate,
             std::unique_ptr<io::Stream> stream)
    : loop_(loop),
      provider_(provider),
      certificate_(certificate),
      stream_(std::move(stream)),
      ip_(stream_->peer().address.text()) {}

io::Task<Result<void>> Visit::run() {
  if (auto refused = provider_.refuse_connection(ip_)) co_return co_await say(*refused);
  const std::string host(provider_.persona().mail_host);
  CO_TRY_VOID(co_await say(smtp::reply(220, host + " ESMTP pretend")));
  while (!ended_) {
    CO_TRY(std::string line, co_await next_line());
    CO_TRY_VOID(co_await answer(line));
  }
  co_return Result<void>();
}

io::Task<Result<void>> Visit::say(smtp::Reply reply) {
  std::string wire;
  reply.append_wire(wire);
  co_return co_await stream_->write(wire, loop_.now() + patience);
}

io::Task<Result<std::string>> Visit::next_line() {
  while (true) {
    smtp::TakenLine taken = smtp::take_command_line(input_, smtp::command_line_octets_accepted);
    if (taken.status == smtp::LineStatus::complete) {
      std::string line(taken.line);
      input_.erase(0, taken.consumed);
      co_return line;
    }
    if (taken.status != smtp::LineStatus::incomplete)
      co_return failure(ErrorCode::protocol, "not an SMTP command");
    CO_TRY_VOID(co_await receive());
  }
}

io::Task<Result<void>> Visit::receive() {
  std::array<char, 16384> buffer;
  CO_TRY(size_t count, co_await stream_->read(buffer, loop_.now() + patience));
  if (count == 0) co_return failure(ErrorCode::peer_gone, "closed");
  input_.append(buffer.data(), count);
  co_return Result<void>();
}

io::Task<Result<void>> Visit::answer(const std::string& line) {
  smtp::Command command = smtp::parse_command(line);
  switch (command.verb) {
    case smtp::Verb::starttls:
      co_return co_await on_starttls();
    case smtp::Verb::rcpt:
      co_return co_await on_rcpt(command.arguments);
    case smtp::Verb::data:
      co_return co_await on_data();
    default:
      co_return co_await say(reply_to(command));
  }
}

smtp::Reply Visit::reply_to(const smtp::Command& command) {
  const std::string host(provider_.persona().mail_host);
  switch (command.verb) {
    case smtp::Verb::ehlo:
      return smtp::reply(250, host + "\nPIPELINING\n8BITMIME\nENHANCEDSTATUSCODES\nSIZE 36700160" +
                                  (certificate_ && !secured_ ? "\nSTARTTLS" : ""));
    case smtp::Verb::helo:
      return smtp::reply(250, host);
    case smtp::Verb::mail:
      return on_mail(command.arguments);
    case smtp::Verb::rset:
    case smtp::Verb::noop:
      content_.recipients.clear();
      return smtp::reply(250, {2, 0, 0}, "Ok");
    case smtp::Verb::quit:
      ended_ = true;
      return smtp::reply(221, {2, 0, 0}, "Bye");
    default:
      return smtp::reply(502, {5, 5, 1}, "Not here");
  }
}

smtp::Reply Visit::on_mail(std::string_view arguments) {
  auto mail = smtp::parse_mail(arguments);
  if (!mail) return mail.error();
  content_ = {};
  content_.ip = ip_;
  content_.reverse_path = mail->sender ? mail->sender->text() : "";
  auto refused = provider_.refuse_mail(secured_, ip_);
  ended_ = refused && refused->code == 421;
  return refused ? *refused : smtp::reply(250, {2, 1, 0}, "Ok");
}

io::Task<Result<void>> Visit::on_rcpt(std::string_view arguments) {
  auto rcpt = smtp::parse_rcpt(arguments);
  if (!rcpt) co_return co_await say(rcpt.error());
  if (content_.recipients.size() >= recipients_max)
    co_return co_await say(smtp::reply(452, {4, 5, 3}, "Too many recipients"));
  Provider::RecipientAnswer answer = provider_.answer_recipient(rcpt->recipient);
  if (answer.is_silent) {
    ended_ = true;
    // Whoever gives up before that is gone.
    std::array<char, 1> buffer;
    auto woken = co_await stream_->read(buffer, loop_.now() + silent_for);
    static_cast<void>(woken);
    co_return Result<void>();
  }
  if (answer.refusal) {
    ended_ = answer.refusal->code == 421;
    co_return co_await say(*std::move(answer.refusal));
  }
  content_.recipients.push_back(rcpt->recipient.text());
  co_return co_await say(smtp::reply(250, {2, 1, 5}, "Ok"));
}

io::Task<Result<void>> Visit::on_data() {
  if (content_.recipients.empty())
    co_return co_await say(smtp::reply(503, {5, 5, 1}, "No recipients"));
  CO_TRY_VOID(co_await say(smtp::reply(354, "Go ahead")));
  smtp::DataReader reader;
  std::string piece;
  while (!reader.ended()) {
    input_.erase(0, reader.feed(input_, piece));
    const size_t room = header_octets_max - content_.header.size();
    content_.header.append(piece, 0, std::min(room, piece.size()));
    piece.clear();
    if (!reader.ended()) CO_TRY_VOID(co_await receive());
  }
  smtp::Reply verdict = provider_.judge(content_);
  content_ = {};
  // Without a word, as Yahoo does it: who knows the limit has left before.
  const unsigned most = provider_.persona().messages_per_connection_max;
  ended_ = most > 0 && ++messages_ >= most;
  co_return co_await say(std::move(verdict));
}

io::Task<Result<void>> Visit::on_starttls() {
  if (!certificate_ || secured_ || !input_.empty())
    co_return co_await say(smtp::reply(503, {5, 5, 1}, "No TLS now"));
  CO_TRY_VOID(co_await say(smtp::reply(220, {2, 0, 0}, "Ready to start TLS")));
  CO_TRY(stream_, co_await tls::accept(std::move(stream_), *certificate_, loop_.now() + patience));
  secured_ = true;
  co_return Result<void>();
}

}  // namespace waypost::demo
