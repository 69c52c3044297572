#include "delivery/login.h"

#include <fmt/format.h>

#include "sasl/base64.h"
#include "smtp/limits.h"

namespace waypost::delivery {
namespace {

using Done = tl::expected<void, LoginFailure>;
using Answer = Result<smtp::Reply>;

constexpr int challenge_code = 334;
// SCRAM takes two; a server that asks on and on is not logging anybody in.
constexpr unsigned challenges_max = 8;

tl::unexpected<LoginFailure> failed(const Error& error) {
  return tl::unexpected(LoginFailure{{}, error.describe()});
}
tl::unexpected<LoginFailure> failed(std::string reason) {
  return tl::unexpected(LoginFailure{{}, std::move(reason)});
}

// One exchange, from AUTH to its last reply.
class Exchange {
 public:
  Exchange(Dialogue& dialogue, std::unique_ptr<sasl::ClientExchange> exchange)
      : dialogue_(dialogue), exchange_(std::move(exchange)) {}

  io::Task<Done> run();

 private:
  io::Task<Answer> begin();
  io::Task<Answer> say(Secret message, std::string before);
  io::Task<Done> call_off(Error why);
  Result<Secret> answer_to(const smtp::Reply& challenge);

  Dialogue& dialogue_;
  std::unique_ptr<sasl::ClientExchange> exchange_;
};

io::Task<Done> Exchange::run() {
  Answer answer = co_await begin();
  for (unsigned challenges = 0; answer && answer->code == challenge_code; ++challenges) {
    if (challenges == challenges_max)
      co_return co_await call_off(Error(ErrorCode::protocol, "they ask for more and more"));
    Result<Secret> response = answer_to(*answer);
    if (!response) co_return co_await call_off(std::move(response).error());
    answer = co_await say(*std::move(response), {});
  }
  if (!answer) co_return failed(answer.error());
  if (!answer->positive()) {
    std::string note = exchange_->server_note();
    if (!note.empty()) answer->lines.push_back(fmt::format("({})", note));
    co_return tl::unexpected(LoginFailure{*std::move(answer), {}});
  }
  if (!exchange_->server_proved())
    co_return failed(
        "they accept the login without a proof that they know the secret: somebody "
        "may stand between us and them");
  co_return Done();
}

// RFC 4954 §4: what is too long for a command line waits for the first challenge.
io::Task<Answer> Exchange::begin() {
  std::string command = fmt::format("AUTH {}", exchange_->mechanism());
  std::optional<Secret> initial = exchange_->initial_response();
  std::string alone = command + "\r\n";
  if (!initial) co_return co_await dialogue_.ask(std::move(alone), smtp::mail_timeout);
  size_t octets = command.size() + initial->reveal().size() * 4 / 3 + 8;
  if (octets <= smtp::command_line_octets_max) {
    command += ' ';
    co_return co_await say(*std::move(initial), std::move(command));
  }
  Answer answer = co_await dialogue_.ask(std::move(alone), smtp::mail_timeout);
  if (!answer || answer->code != challenge_code) co_return answer;
  co_return co_await say(*std::move(initial), {});
}

io::Task<Answer> Exchange::say(Secret message, std::string before) {
  std::string encoded = sasl::base64_encode(message.reveal());
  // RFC 4954 §4: an empty initial response is "=", an empty answer to a challenge an empty line.
  if (encoded.empty() && !before.empty()) encoded += '=';
  std::string plain_line = before;
  plain_line.reserve(before.size() + encoded.size() + 2);
  plain_line += encoded;
  plain_line += "\r\n";
  Secret line = Secret::take(plain_line);
  dialogue_.withhold(Secret::take(encoded));
  std::string shown = before + "(not shown)\r\n";
  CO_TRY_VOID(co_await dialogue_.send_unseen(line.reveal(), shown, smtp::mail_timeout));
  co_return co_await dialogue_.read_reply(smtp::mail_timeout);
}

Result<Secret> Exchange::answer_to(const smtp::Reply& challenge) {
  TRY(std::string octets, sasl::base64_decode(challenge.lines.front(), sasl::challenge_octets_max));
  return exchange_->step(octets);
}

io::Task<Done> Exchange::call_off(Error why) {
  Answer answer = co_await dialogue_.ask("*\r\n", smtp::mail_timeout);
  static_cast<void>(answer);
  co_return failed(std::move(why).while_doing(
      fmt::format("logging in with {}", std::string(exchange_->mechanism()))));
}

}  // namespace

io::Task<Done> log_in(Dialogue& dialogue, const smtp::Capabilities& capabilities,
                      sasl::ClientLogin login, io::Rng& rng) {
  if (capabilities.auth_mechanisms.empty())
    co_return failed(
        "they offer no login (AUTH) inside TLS: check the port of this route, or take "
        "`login` out of it");
  dialogue.withhold(Secret(login.secret.reveal()));
  auto exchange = sasl::start_client(capabilities.auth_mechanisms, std::move(login), rng);
  if (!exchange) co_return failed(exchange.error());
  Exchange running(dialogue, *std::move(exchange));
  co_return co_await running.run();
}

}  // namespace waypost::delivery
