#include "demo/provider.h"

#include <array>

#include <fmt/format.h>

#include "smtp/command.h"
#include "smtp/data.h"
#include "smtp/limits.h"
#include "smtp/line.h"
#include "tls/tls_stream.h"

namespace waypost::demo {
namespace {

constexpr Duration patience = std::chrono::minutes(1);
constexpr size_t recipients_max = 100;

// One connection to a provider. It answers each command by itself, so pipelining needs no more.
class Visit {
 public:
  Visit(io::Loop& loop, Provider& provider, tls::ServerContext* certificate,
        std::unique_ptr<io::Stream> stream)
      : loop_(loop), provider_(provider), certificate_(certificate), stream_(std::move(stream)) {}

  io::Task<Result<void>> run() {
    CO_TRY_VOID(co_await say(smtp::reply(220, provider_.persona().mail_host + " ESMTP pretend")));
    while (!ended_) {
      CO_TRY(std::string line, co_await next_line());
      CO_TRY_VOID(co_await answer(line));
    }
    co_return Result<void>();
  }

 private:
  io::Task<Result<void>> say(smtp::Reply reply) {
    std::string wire;
    reply.append_wire(wire);
    co_return co_await stream_->write(wire, loop_.now() + patience);
  }

  io::Task<Result<std::string>> next_line() {
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

  io::Task<Result<void>> receive() {
    std::array<char, 16384> buffer;
    CO_TRY(size_t count, co_await stream_->read(buffer, loop_.now() + patience));
    if (count == 0) co_return failure(ErrorCode::peer_gone, "closed");
    input_.append(buffer.data(), count);
    co_return Result<void>();
  }

  io::Task<Result<void>> answer(const std::string& line) {
    smtp::Command command = smtp::parse_command(line);
    switch (command.verb) {
      case smtp::Verb::starttls:
        co_return co_await on_starttls();
      case smtp::Verb::data:
        co_return co_await on_data();
      default:
        co_return co_await say(reply_to(command));
    }
  }

  smtp::Reply reply_to(const smtp::Command& command) {
    switch (command.verb) {
      case smtp::Verb::ehlo:
        return smtp::reply(250, provider_.persona().mail_host +
                                    "\nPIPELINING\n8BITMIME\nENHANCEDSTATUSCODES\nSIZE 36700160" +
                                    (certificate_ && !secured_ ? "\nSTARTTLS" : ""));
      case smtp::Verb::helo:
        return smtp::reply(250, provider_.persona().mail_host);
      case smtp::Verb::mail:
        return on_mail(command.arguments);
      case smtp::Verb::rcpt:
        return on_rcpt(command.arguments);
      case smtp::Verb::rset:
      case smtp::Verb::noop:
        recipients_.clear();
        return smtp::reply(250, {2, 0, 0}, "Ok");
      case smtp::Verb::quit:
        ended_ = true;
        return smtp::reply(221, {2, 0, 0}, "Bye");
      default:
        return smtp::reply(502, {5, 5, 1}, "Not here");
    }
  }

  smtp::Reply on_mail(std::string_view arguments) {
    recipients_.clear();
    auto mail = smtp::parse_mail(arguments);
    if (!mail) return mail.error();
    sender_ = mail->sender ? mail->sender->text() : "";
    auto refused = provider_.refuse_pace();
    ended_ = refused && refused->code == 421;
    return refused ? *refused : smtp::reply(250, {2, 1, 0}, "Ok");
  }

  smtp::Reply on_rcpt(std::string_view arguments) {
    auto rcpt = smtp::parse_rcpt(arguments);
    if (!rcpt) return rcpt.error();
    if (recipients_.size() >= recipients_max)
      return smtp::reply(452, {4, 5, 3}, "Too many recipients");
    if (auto refused = provider_.refuse_recipient(rcpt->recipient.local_part)) return *refused;
    recipients_.push_back(rcpt->recipient.text());
    return smtp::reply(250, {2, 1, 5}, "Ok");
  }

  io::Task<Result<void>> on_data() {
    if (recipients_.empty()) co_return co_await say(smtp::reply(503, {5, 5, 1}, "No recipients"));
    CO_TRY_VOID(co_await say(smtp::reply(354, "Go ahead")));
    smtp::DataReader reader;
    std::string dropped;
    while (!reader.ended()) {
      input_.erase(0, reader.feed(input_, dropped));
      dropped.clear();
      if (!reader.ended()) CO_TRY_VOID(co_await receive());
    }
    smtp::Reply verdict = judge_message();
    recipients_.clear();
    co_return co_await say(std::move(verdict));
  }

  smtp::Reply judge_message() {
    if (auto refused = provider_.refuse_message(sender_ + ">" + recipients_.front()))
      return *refused;
    return smtp::reply(250, {2, 0, 0}, fmt::format("OK {:x} pretend", loop_.rng().next()));
  }

  io::Task<Result<void>> on_starttls() {
    if (!certificate_ || secured_ || !input_.empty())
      co_return co_await say(smtp::reply(503, {5, 5, 1}, "No TLS now"));
    CO_TRY_VOID(co_await say(smtp::reply(220, {2, 0, 0}, "Ready to start TLS")));
    CO_TRY(stream_,
           co_await tls::accept(std::move(stream_), *certificate_, loop_.now() + patience));
    secured_ = true;
    co_return Result<void>();
  }

  io::Loop& loop_;
  Provider& provider_;
  tls::ServerContext* certificate_;
  std::unique_ptr<io::Stream> stream_;
  std::string input_;
  std::string sender_;
  std::vector<std::string> recipients_;
  bool secured_ = false;
  bool ended_ = false;
};

}  // namespace

Provider::Provider(io::Loop& loop, Persona persona, std::shared_ptr<tls::ServerContext> certificate)
    : loop_(loop), persona_(std::move(persona)), certificate_(std::move(certificate)) {}

Provider::~Provider() = default;

void Provider::start(std::unique_ptr<io::Listener> listener) {
  listener_ = std::move(listener);
  tasks_.start(accept());
}

io::Task<void> Provider::accept() {
  while (true) {
    auto stream = co_await listener_->accept();
    if (!stream) co_return;
    tasks_.start(serve(*std::move(stream)));
  }
}

io::Task<void> Provider::serve(std::unique_ptr<io::Stream> stream) {
  io::Stream* raw = stream.get();
  open_.insert(raw);
  Visit visit(loop_, *this, certificate_.get(), std::move(stream));
  // However the visitor leaves, a pretend provider has nothing to tidy up.
  Result<void> ended = co_await visit.run();
  static_cast<void>(ended);
  open_.erase(raw);
}

io::Task<void> Provider::stop() {
  if (listener_) listener_->close();
  for (io::Stream* stream : open_) stream->close();
  co_await tasks_.join();
}

std::optional<smtp::Reply> Provider::refuse_recipient(const std::string& local_part) {
  if (local_part.starts_with("nobody")) return persona_.unknown;
  if (local_part.starts_with("full") && put_off_.insert(local_part).second) return persona_.full;
  if (persona_.greylisted_for == Duration::zero()) return std::nullopt;
  auto [seen, is_new] = first_seen_.try_emplace(local_part, loop_.now());
  if (loop_.now() - seen->second < persona_.greylisted_for) return persona_.greylisted;
  return std::nullopt;
}

std::optional<smtp::Reply> Provider::refuse_pace() {
  if (persona_.messages_per_second_max <= 0) return std::nullopt;
  Instant now = loop_.now();
  if (now - second_began_ >= std::chrono::seconds(1)) {
    second_began_ = now;
    messages_this_second_ = 0;
  }
  if (++messages_this_second_ <= persona_.messages_per_second_max) return std::nullopt;
  return persona_.too_fast;
}

std::optional<smtp::Reply> Provider::refuse_message(const std::string& mail_and_rcpt) {
  bool draws_busy = loop_.rng().uniform() < persona_.busy_share;
  if (draws_busy && put_off_.insert(mail_and_rcpt).second) return persona_.busy;
  return std::nullopt;
}

}  // namespace waypost::demo
