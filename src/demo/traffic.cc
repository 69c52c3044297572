#include "demo/traffic.h"

#include <array>

#include <fmt/format.h>

#include "io/rng.h"
#include "io/task_group.h"
#include "sasl/base64.h"
#include "sasl/client.h"
#include "smtp/data.h"
#include "tls/tls_stream.h"

namespace waypost::demo {
namespace {

constexpr unsigned connections = 4;
constexpr Duration patience = std::chrono::seconds(30);

constexpr std::array first_names{"anna", "bob",  "chen",  "dana",  "emil", "fatima",
                                 "goro", "hana", "ivan",  "julia", "kim",  "lars",
                                 "mina", "noor", "oscar", "paula"};
constexpr std::array subjects{"Your invoice", "Reset your password", "Your order has shipped",
                              "Welcome", "Your weekly report"};

template <class List>
const char* draw(const List& list, io::Rng& rng) {
  return list[rng.next() % list.size()];
}

// A reply that goes on, or why it does not.
Result<void> expect(const Result<smtp::Reply>& reply, int code) {
  if (!reply) return failure(reply.error());
  if (reply->code == code) return {};
  return failure(ErrorCode::protocol, "the relay said: " + reply->text());
}

}  // namespace

std::vector<Letter> draw_letters(unsigned count, uint64_t seed,
                                 const std::vector<std::string>& domains) {
  io::SeededRng rng(seed);
  std::vector<Letter> letters;
  for (unsigned i = 0; i < count; ++i) {
    double fate = rng.uniform();
    const char* kind = fate < 0.08 ? "nobody." : fate < 0.14 ? "full." : "";
    letters.push_back({"hello@shop.test",
                       fmt::format("{}{}{}@{}", kind, draw(first_names, rng), i,
                                   domains[rng.next() % domains.size()]),
                       fmt::format("{} #{}", draw(subjects, rng), 1000 + i)});
  }
  return letters;
}

Traffic::Traffic(io::AsioLoop& loop, Endpoint server, tls::ClientContext& tls, std::string login,
                 const Secret& password, std::vector<Letter> letters)
    : loop_(loop),
      server_(server),
      tls_(tls),
      login_(std::move(login)),
      password_(password),
      letters_(std::move(letters)) {}

io::Task<Result<void>> Traffic::run() {
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
  while (next_ < letters_.size() && ended) {
    const Letter& letter = letters_[next_++];
    ended = co_await send(**dialogue, letter);
  }
  auto goodbye = co_await (*dialogue)->ask("QUIT\r\n", patience);
  static_cast<void>(goodbye);
}

io::Task<Result<std::unique_ptr<delivery::Dialogue>>> Traffic::log_in() {
  CO_TRY(auto stream, co_await loop_.network().connect(server_, {}, loop_.now() + patience));
  auto dialogue = std::make_unique<delivery::Dialogue>(loop_, std::move(stream));
  CO_TRY_VOID(expect(co_await dialogue->read_reply(patience), 220));
  CO_TRY_VOID(expect(co_await dialogue->ask("EHLO app.shop.test\r\n", patience), 250));
  CO_TRY_VOID(expect(co_await dialogue->ask("STARTTLS\r\n", patience), 220));
  CO_TRY(auto secured,
         co_await tls::connect(dialogue->take_stream(), tls_, "localhost", loop_.now() + patience));
  dialogue->continue_over(std::move(secured));
  CO_TRY_VOID(expect(co_await dialogue->ask("EHLO app.shop.test\r\n", patience), 250));
  const std::vector<std::string> offered{"PLAIN"};
  io::SystemRng rng;
  CO_TRY(auto exchange,
         sasl::start_client(offered, {login_, Secret(password_.reveal()), "", std::nullopt, true},
                            rng));
  const std::optional<Secret> response = exchange->initial_response();
  std::string command = "AUTH PLAIN " + sasl::base64_encode(response->reveal()) + "\r\n";
  Secret wiped = Secret::take(command);
  CO_TRY_VOID(expect(co_await dialogue->ask(wiped.reveal(), patience), 235));
  co_return dialogue;
}

io::Task<Result<void>> Traffic::send(delivery::Dialogue& dialogue, const Letter& letter) {
  CO_TRY_VOID(expect(
      co_await dialogue.ask(fmt::format("MAIL FROM:<{}>\r\n", letter.sender), patience), 250));
  // The shop reads the events, and has no mailbox for notices.
  const std::string rcpt = fmt::format("RCPT TO:<{}> NOTIFY=NEVER\r\n", letter.recipient);
  CO_TRY_VOID(expect(co_await dialogue.ask(rcpt, patience), 250));
  CO_TRY_VOID(expect(co_await dialogue.ask("DATA\r\n", patience), 354));
  smtp::DataWriter writer;
  std::string wire;
  writer.append(text_of(letter), wire);
  writer.finish(wire);
  CO_TRY(smtp::Reply reply, co_await dialogue.ask(std::move(wire), patience));
  ++(reply.positive() ? accepted_ : refused_);
  co_return Result<void>();
}

std::string Traffic::text_of(const Letter& letter) const {
  return fmt::format(
      "From: Shop <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n\r\n"
      "Hello,\r\n\r\nthis is pretend mail of the Waypost demo. It has never left this machine.\r\n",
      letter.sender, letter.recipient, letter.subject);
}

}  // namespace waypost::demo
