#include "doctor/door.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"
#include "doctor/judgements.h"
#include "doctor/tap.h"
#include "io/task_group.h"

namespace waypost::doctor {
namespace {

using Step = Opening::Step;
constexpr std::chrono::seconds goodbye_patience{1};
constexpr std::chrono::seconds probe_patience{4};
// Whoever has said nothing for longer is not about to end his line.
constexpr std::chrono::seconds drip_pause_max{5};
constexpr Duration listened_every = std::chrono::milliseconds(200);

// An address as the name of a client that has none (RFC 5321 §4.1.3).
std::string literal_of(const IpAddress& address) {
  return fmt::format("[{}{}]", address.is_v4() ? "" : "IPv6:", address.text());
}

// Middle boxes overwrite the keyword, so that the length of the packet stays (Cisco's fixup).
// The keyword of the line where it is such a one, else nothing.
std::string_view masked_keyword(std::string_view line) {
  std::string_view keyword = line.substr(0, line.find(' '));
  size_t crosses = std::min(keyword.find_first_not_of("Xx"), keyword.size());
  bool is_mask = crosses >= 5 && keyword.size() <= crosses + 2 && keyword.size() >= 7;
  return is_mask ? keyword : std::string_view();
}

// What is meant to be read, and no handshake or noise.
bool begins_as_text(std::string_view octets) {
  constexpr size_t looked_at = 4;
  const std::string_view start = octets.substr(0, looked_at);
  return !start.empty() && std::none_of(start.begin(), start.end(), [](char c) {
    return (base::is_control(c) && c != '\r' && c != '\n') || static_cast<unsigned char>(c) > 0x7e;
  });
}

class Opener {
 public:
  Opener(Context& context, DoorKey key) : context_(context), key_(std::move(key)) {
    result_.at = key_.at;
  }

  io::Task<Opening> run(std::unique_ptr<io::Stream> connected);

 private:
  using Going = bool;  // false: the result says where it stopped
  io::Task<Going> connect();
  io::Task<Going> greet();
  io::Task<Going> hello(Step step);
  io::Task<Going> ask_starttls();
  io::Task<Going> shake_hands();
  io::Task<bool> answers_tls();
  io::Task<void> probe_tls(bool& done);
  io::Task<Result<smtp::Reply>> listen_while_probing(Instant deadline);
  io::Task<Result<smtp::Reply>> wait_for_greeting();
  Going stop(Step step, Result<smtp::Reply> answer);
  Going stop(Step step, Error error);
  Going stop_behind_yes(std::string_view octets);
  void note_drip(const Error& error);
  void learn_tls(const tls::TlsStream& stream);
  Conversation& conversation() { return *conversation_; }

  Context& context_;
  DoorKey key_;
  Opening result_;
  Tap::Seen seen_ = std::make_shared<std::string>();
  std::shared_ptr<tls::PeerSigns> signs_ = std::make_shared<tls::PeerSigns>();
  std::unique_ptr<io::Stream> stream_;
  std::optional<Conversation> conversation_;
  std::optional<ChannelBinding> binding_;
  smtp::Capabilities capabilities_;
  std::optional<Instant> greeted_at_;  // where it came while TLS was tried
  smtp::Reply hello_reply_;
};

Opener::Going Opener::stop(Step step, Error error) {
  result_.step = step;
  result_.evidence = context_.evidence.add(Evidence::Kind::note, key_.at.text(), error.describe());
  result_.error = std::move(error);
  result_.signs = *signs_;
  return false;
}

void Opener::note_drip(const Error& error) {
  if (error.code() != ErrorCode::timed_out || !conversation().in_a_reply()) return;
  const bool goes_on = context_.loop.now() - conversation().heard_at() < drip_pause_max;
  result_.drip = goes_on ? Opening::Drip::goes_on : Opening::Drip::stopped;
}

Opener::Going Opener::stop(Step step, Result<smtp::Reply> answer) {
  if (!answer) {
    note_drip(answer.error());
    return stop(step, std::move(answer).error());
  }
  result_.step = step;
  result_.evidence = conversation().last_evidence();
  result_.reply = *std::move(answer);
  return false;
}

io::Task<Opener::Going> Opener::connect() {
  Instant began = context_.loop.now();
  ++context_.effects.connections;
  auto connected = co_await context_.network.connect(key_.at, {}, began + key_.connect_patience);
  result_.connect_took = context_.loop.now() - began;
  if (!connected) co_return stop(Step::connect, std::move(connected).error());
  stream_ = *std::move(connected);
  co_return true;
}

io::Task<bool> Opener::answers_tls() {
  ++context_.effects.connections;
  Instant deadline = context_.loop.now() + probe_patience;
  auto connected = co_await context_.network.connect(key_.at, {}, deadline);
  if (!connected) co_return false;
  auto seen = std::make_shared<std::string>();
  auto secured = co_await tls::connect(std::make_unique<Tap>(*std::move(connected), seen),
                                       context_.tls, key_.host, deadline);
  context_.evidence.add(
      Evidence::Kind::note, key_.at.text(),
      secured ? "a second connection that begins with TLS is answered"
              : "a second connection that begins with TLS: " + secured.error().message());
  // What a server of another protocol says to a handshake shows what it is.
  if (!secured && conversation().opening().empty()) result_.seen = *seen;
  co_return secured.has_value();
}

io::Task<Result<smtp::Reply>> Opener::wait_for_greeting() {
  Duration first = key_.silence_before_probe;
  bool probe = first > Duration::zero() && first < key_.greeting_patience &&
               key_.encryption != Encryption::implicit;
  if (!probe) co_return co_await conversation().read_reply(key_.greeting_patience);
  Instant deadline = context_.loop.now() + key_.greeting_patience;
  Result<smtp::Reply> answer = co_await conversation().read_reply(first);
  bool silent = !answer && answer.error().code() == ErrorCode::timed_out;
  if (!silent || !conversation().opening().empty()) {
    if (!silent) co_return answer;
    co_return co_await conversation().read_reply(deadline - context_.loop.now());
  }
  answer = co_await listen_while_probing(deadline);
  const bool goes_on = !answer && answer.error().code() == ErrorCode::timed_out &&
                       !result_.wants_tls_at_once && !result_.seen.starts_with("HTTP/");
  if (!goes_on) co_return answer;
  co_return co_await conversation().read_reply(deadline - context_.loop.now());
}

io::Task<void> Opener::probe_tls(bool& done) {
  result_.wants_tls_at_once = co_await answers_tls();
  done = true;
}

// A greeting that comes meanwhile counts from when it came, and says that this door is none of TLS.
io::Task<Result<smtp::Reply>> Opener::listen_while_probing(Instant deadline) {
  bool done = false;
  io::TaskGroup probing;
  probing.start(probe_tls(done));
  Result<smtp::Reply> answer = failure(ErrorCode::timed_out, "nothing was said");
  while (!done && !answer && answer.error().code() == ErrorCode::timed_out) {
    const Duration left = deadline - context_.loop.now();
    if (left <= Duration::zero()) break;
    answer = co_await conversation().read_reply(std::min(listened_every, left));
  }
  const Instant came = context_.loop.now();
  co_await probing.join();
  if (answer) {
    greeted_at_ = came;
    result_.wants_tls_at_once = false;
  }
  co_return answer;
}

io::Task<Opener::Going> Opener::greet() {
  Instant began = context_.loop.now();
  Result<smtp::Reply> answer = co_await wait_for_greeting();
  result_.greeting_took = (answer && greeted_at_ ? *greeted_at_ : context_.loop.now()) - began;
  if (!conversation().opening().empty()) result_.seen = conversation().opening();
  if (!answer || !answer->positive()) co_return stop(Step::greeting, std::move(answer));
  result_.greeting = *answer;
  result_.evidence = conversation().last_evidence();
  co_return true;
}

io::Task<Opener::Going> Opener::hello(Step step) {
  if (key_.hello.empty()) key_.hello = literal_of(conversation().stream()->local().address);
  Instant began = context_.loop.now();
  Result<smtp::Reply> answer =
      co_await conversation().ask("EHLO " + key_.hello, key_.reply_patience);
  if (answer && answer->permanent())
    answer = co_await conversation().ask("HELO " + key_.hello, key_.reply_patience);
  result_.hello_took = context_.loop.now() - began;
  if (!answer || !answer->positive()) co_return stop(step, std::move(answer));
  hello_reply_ = *answer;
  capabilities_ = smtp::parse_ehlo(*answer);
  result_.evidence = conversation().last_evidence();
  co_return true;
}

// RFC 3207 §4: neither side says another word before the handshake. Whatever it is, it is not
// believed.
Opener::Going Opener::stop_behind_yes(std::string_view octets) {
  result_.behind_yes = first_line_of(octets);
  if (result_.behind_yes.empty()) result_.behind_yes = "(an empty line)";
  stop(Step::starttls,
       Error(ErrorCode::protocol, "they sent plain text behind their yes to STARTTLS"));
  result_.evidence =
      context_.evidence.add(Evidence::Kind::received, key_.at.text(), result_.behind_yes);
  return false;
}

io::Task<Opener::Going> Opener::ask_starttls() {
  result_.starttls_missing = !capabilities_.starttls;
  for (size_t i = 1; i < hello_reply_.lines.size(); ++i)
    if (result_.starttls_mask.empty())
      result_.starttls_mask = masked_keyword(hello_reply_.lines[i]);
  if (result_.starttls_missing && key_.tls_optional && result_.starttls_mask.empty())
    co_return true;
  unsigned listed_at = result_.evidence;
  // Asked even where it is not listed: who took it out of the list may have left the command.
  Result<smtp::Reply> answer = co_await conversation().ask("STARTTLS", key_.reply_patience);
  bool yes = answer && answer->positive();
  if (result_.starttls_missing) {
    result_.starttls_anyway = yes;
    stop(Step::starttls, std::move(answer));
    result_.evidence = listed_at;
    co_return false;
  }
  if (!yes) co_return stop(Step::starttls, std::move(answer));
  if (!conversation().unread().empty()) co_return stop_behind_yes(conversation().unread());
  co_return co_await shake_hands();
}

void Opener::learn_tls(const tls::TlsStream& stream) {
  result_.tls = stream.facts();
  result_.certificate = stream.certificate_report(key_.host, context_.loop.wall_now());
  auto bindings = stream.channel_bindings();
  if (!bindings.empty()) binding_ = bindings.front();
  context_.evidence.add(
      Evidence::Kind::note, key_.at.text(),
      fmt::format("{} {}; certificate of {} from {}", result_.tls->version, result_.tls->cipher,
                  result_.certificate.subject, result_.certificate.issuer));
}

io::Task<Opener::Going> Opener::shake_hands() {
  Instant began = context_.loop.now();
  tls::ClientContext& tls = key_.tls ? *key_.tls : context_.tls;
  seen_->clear();
  std::unique_ptr<io::Stream> plain =
      conversation_ ? conversation().take_stream() : std::move(stream_);
  auto secured = co_await tls::connect(std::move(plain), tls, key_.host,
                                       began + key_.handshake_patience, signs_);
  result_.tls_took = context_.loop.now() - began;
  if (!secured) {
    result_.seen = *seen_;
    conversation_.reset();
    if (begins_as_text(*seen_) && key_.encryption == Encryption::starttls)
      co_return stop_behind_yes(*seen_);
    co_return stop(Step::handshake, std::move(secured).error());
  }
  learn_tls(**secured);
  if (conversation_)
    conversation().continue_over(*std::move(secured));
  else
    stream_ = *std::move(secured);
  co_return true;
}

io::Task<Opening> Opener::run(std::unique_ptr<io::Stream> connected) {
  stream_ = std::move(connected);
  Going going = true;
  if (!stream_) going = co_await connect();
  if (!going) co_return std::move(result_);
  stream_ = std::make_unique<Tap>(std::move(stream_), seen_);
  if (key_.encryption == Encryption::implicit) going = co_await shake_hands();
  if (!going) co_return std::move(result_);
  conversation_.emplace(context_.loop, context_.evidence, std::move(stream_));
  going = co_await greet();
  if (going) going = co_await hello(Step::hello);
  if (going && key_.encryption == Encryption::starttls) {
    going = co_await ask_starttls();
    if (going && result_.tls) going = co_await hello(Step::hello_again);
  }
  if (going) result_.step = Step::open;
  if (!conversation_ || !conversation().stream()) co_return std::move(result_);
  result_.session = std::make_unique<Session>(
      Session{std::move(*conversation_), key_.host, key_.at, key_.encryption});
  Session& session = *result_.session;
  session.encrypted = result_.tls.has_value();
  session.certificate_holds =
      session.encrypted && result_.certificate.shown && result_.certificate.problems.empty();
  session.binding = std::move(binding_);
  session.capabilities = capabilities_;
  session.hello_lines = hello_reply_.lines;
  session.greeting = result_.greeting.text();
  session.hello = key_.hello;
  co_return std::move(result_);
}

}  // namespace

io::Task<Opening> open_door(Context& context, DoorKey key, std::unique_ptr<io::Stream> connected) {
  Opener opener(context, std::move(key));
  co_return co_await opener.run(std::move(connected));
}

io::Task<void> close_door(Opening& opening) {
  if (opening.error) opening.session.reset();
  if (!opening.session) co_return;
  auto answer = co_await opening.session->conversation.ask("QUIT", goodbye_patience);
  static_cast<void>(answer);
  opening.session.reset();
}

}  // namespace waypost::doctor
