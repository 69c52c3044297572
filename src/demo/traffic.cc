#include "demo/traffic.h"

#include <array>

#include <fmt/format.h>

#include "demo/ask.h"
#include "io/rng.h"
#include "io/task_group.h"
#include "sasl/base64.h"
#include "sasl/client.h"
#include "smtp/data.h"
#include "tls/tls_stream.h"

namespace waypost::demo {
namespace {

constexpr unsigned connections = 4;

}  // namespace

Traffic::Traffic(io::AsioLoop& loop, Endpoint server, tls::ClientContext& tls, std::string login,
                 const Secret& password, uint64_t seed)
    : loop_(loop),
      server_(server),
      tls_(tls),
      login_(std::move(login)),
      password_(password),
      letters_(seed) {}

io::Task<Result<void>> Traffic::burst(unsigned count) {
  to_offer_ = offered_ + count;
  std::array<Result<void>, connections> ended;
  io::TaskGroup senders;
  for (Result<void>& end : ended) senders.start(send_some(end));
  co_await senders.join();
  for (Result<void>& end : ended)
    if (!end) co_return end;
  co_return Result<void>();
}

io::Task<void> Traffic::send_some(Result<void>& ended) {
  auto dialogue = co_await log_in();
  if (!dialogue) {
    ended = failure(std::move(dialogue).error());
    co_return;
  }
  while (offered_ < to_offer_ && ended) ended = co_await send(**dialogue);
  if (ended) ended = co_await ask(**dialogue, "QUIT\r\n", 221);
}

io::Task<Result<void>> Traffic::trickle(Duration between, const bool& ended) {
  CO_TRY(auto dialogue, co_await log_in());
  while (!ended) {
    CO_TRY_VOID(co_await send(*dialogue));
    co_await io::sleep_until(loop_, loop_.now() + between);
  }
  co_return co_await ask(*dialogue, "QUIT\r\n", 221);
}

io::Task<Result<std::unique_ptr<delivery::Dialogue>>> Traffic::log_in() {
  CO_TRY(auto stream, co_await loop_.network().connect(server_, {}, loop_.now() + patience));
  auto dialogue = std::make_unique<delivery::Dialogue>(loop_, std::move(stream));
  Result<smtp::Reply> greeting = co_await dialogue->read_reply(patience);
  CO_TRY_VOID(expect(greeting, 220));
  CO_TRY_VOID(co_await ask(*dialogue, "EHLO app.shop.test\r\n", 250));
  CO_TRY_VOID(co_await ask(*dialogue, "STARTTLS\r\n", 220));
  CO_TRY(auto secured,
         co_await tls::connect(dialogue->take_stream(), tls_, "localhost", loop_.now() + patience));
  dialogue->continue_over(std::move(secured));
  CO_TRY_VOID(co_await ask(*dialogue, "EHLO app.shop.test\r\n", 250));
  const std::vector<std::string> offered{"PLAIN"};
  io::SystemRng rng;
  CO_TRY(auto exchange,
         sasl::start_client(offered, {login_, Secret(password_.reveal()), "", std::nullopt, true},
                            rng));
  const std::optional<Secret> response = exchange->initial_response();
  std::string command = "AUTH PLAIN " + sasl::base64_encode(response->reveal()) + "\r\n";
  Secret wiped = Secret::take(command);
  CO_TRY_VOID(co_await ask(*dialogue, std::string(wiped.reveal()), 235));
  co_return dialogue;
}

io::Task<Result<void>> Traffic::send(delivery::Dialogue& dialogue) {
  const Letter letter = letters_.next();
  ++offered_;
  CO_TRY_VOID(co_await ask(dialogue, fmt::format("MAIL FROM:<{}>\r\n", letter.sender), 250));
  // The shop reads the events, and has no mailbox for notices.
  const std::string rcpt = fmt::format("RCPT TO:<{}> NOTIFY=NEVER\r\n", letter.recipient);
  CO_TRY_VOID(co_await ask(dialogue, rcpt, 250));
  CO_TRY_VOID(co_await ask(dialogue, "DATA\r\n", 354));
  smtp::DataWriter writer;
  std::string wire;
  writer.append(letter.text(), wire);
  writer.finish(wire);
  CO_TRY_VOID(co_await ask(dialogue, std::move(wire), 250));
  ++accepted_;
  co_return Result<void>();
}

}  // namespace waypost::demo
