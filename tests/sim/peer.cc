#include "tests/sim/peer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "io/draw.h"
#include "io/sim_network.h"
#include "smtp/command.h"
#include "smtp/data.h"
#include "smtp/limits.h"
#include "smtp/line.h"
#include "smtp/reply.h"

namespace waypost::sim {
namespace {

using namespace std::chrono_literals;
using io::Task;

constexpr Duration patience = 5min;
constexpr Duration slow_max = 1min;

}  // namespace

// One connection to a peer.
class Peer::Session {
 public:
  Session(Peer& peer, std::unique_ptr<io::Stream> stream)
      : peer_(peer), stream_(std::move(stream)) {}

  Task<void> run();

 private:
  enum class Next { go_on, leave };

  Task<Next> answer_command(std::string line);
  Task<Next> hello(bool extended);
  Task<Next> mail(std::string arguments);
  Task<Next> rcpt(std::string arguments);
  Task<Next> data();
  Task<Next> judge(std::string content);
  // No coroutine, so that no temporary text lives across a wait.
  Task<Next> say(int code, std::string_view text);
  Task<Next> say_wire(std::string wire);
  Task<Next> never_answer();
  Next breach(std::string what);

  Task<std::optional<std::string>> read_line();
  Task<std::optional<std::string>> read_content();
  Task<bool> fill();
  std::vector<Arrival*> take_message(const std::string& content);
  void take_notice(std::string_view content);
  void confirm();
  Instant deadline() { return peer_.process_.now() + patience; }

  Peer& peer_;
  std::unique_ptr<io::Stream> stream_;
  std::string buffered_;
  bool in_transaction_ = false;
  bool from_nobody_ = false;
  std::vector<std::string> recipients_;
  std::vector<Arrival*> unconfirmed_;
};

Task<void> Peer::Session::run() {
  if (peer_.draw(peer_.behaviour_.unwelcome_share)) {
    co_await say(421, "4.7.0 Too busy, try again later");
    co_return;
  }
  Next next = co_await say(220, peer_.site_);
  while (next == Next::go_on) {
    auto line = co_await read_line();
    if (!line) co_return;
    confirm();
    next = co_await answer_command(std::move(*line));
  }
}

Task<Peer::Session::Next> Peer::Session::answer_command(std::string line) {
  smtp::Command command = smtp::parse_command(line);
  std::string arguments(command.arguments);
  const PeerBehaviour& behaviour = peer_.behaviour_;
  if (peer_.draw(behaviour.leave_share)) {
    co_await say(421, "4.3.2 Shutting down");
    co_return Next::leave;
  }
  if (peer_.draw(behaviour.stall_share)) co_return co_await never_answer();
  if (peer_.draw(behaviour.slow_share))
    co_await io::sleep_until(
        peer_.process_,
        peer_.process_.now() + io::draw_between(peer_.process_.rng(), Duration(0), slow_max));
  switch (command.verb) {
    case smtp::Verb::ehlo:
    case smtp::Verb::helo:
      co_return co_await hello(command.verb == smtp::Verb::ehlo);
    case smtp::Verb::mail:
      co_return co_await mail(std::move(arguments));
    case smtp::Verb::rcpt:
      co_return co_await rcpt(std::move(arguments));
    case smtp::Verb::data:
      co_return co_await data();
    case smtp::Verb::rset:
      in_transaction_ = false;
      recipients_.clear();
      co_return co_await say(250, "2.0.0 Reset");
    case smtp::Verb::noop:
      co_return co_await say(250, "2.0.0 Ok");
    case smtp::Verb::quit:
      co_await say(221, "2.0.0 Bye");
      co_return Next::leave;
    default:
      breach("a command that was not offered: " + line);
      co_return co_await say(502, "5.5.1 Not here");
  }
}

Task<Peer::Session::Next> Peer::Session::hello(bool extended) {
  in_transaction_ = false;
  recipients_.clear();
  if (!extended) co_return co_await say(250, peer_.site_);
  std::string pipelining = peer_.behaviour_.pipelining ? "250-PIPELINING\r\n" : "";
  std::string wire =
      fmt::format("250-{}\r\n{}250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 20000000\r\n",
                  peer_.site_, pipelining);
  co_return co_await say_wire(std::move(wire));
}

Task<Peer::Session::Next> Peer::Session::mail(std::string arguments) {
  auto parsed = smtp::parse_mail(arguments);
  if (!parsed || in_transaction_) {
    breach("MAIL " + arguments);
    co_return co_await say(in_transaction_ ? 503 : 501, "5.5.0 Not so");
  }
  peer_.ledger_.began_transaction(peer_.site_);
  if (peer_.draw(peer_.behaviour_.mail_4yz_share)) co_return co_await say(451, "4.3.0 Not now");
  in_transaction_ = true;
  from_nobody_ = !parsed->sender;
  recipients_.clear();
  co_return co_await say(250, "2.1.0 Ok");
}

Task<Peer::Session::Next> Peer::Session::rcpt(std::string arguments) {
  auto parsed = smtp::parse_rcpt(arguments);
  // After a refused MAIL a pipelined RCPT is no fault of the client.
  if (parsed && !in_transaction_) co_return co_await say(503, "5.5.1 MAIL first");
  if (!parsed) {
    breach("RCPT " + arguments);
    co_return co_await say(501, "5.5.4 Not so");
  }
  std::string recipient = parsed->recipient.text();
  if (peer_.refuses_for_good(recipient)) {
    peer_.ledger_.refused_for_good(recipient);
    co_return co_await say(550, "5.1.1 No such user");
  }
  if (peer_.greylists(recipient)) co_return co_await say(451, "4.7.1 Greylisted");
  if (peer_.draw(peer_.behaviour_.rcpt_4yz_share))
    co_return co_await say(452, "4.2.2 Mailbox full");
  recipients_.push_back(std::move(recipient));
  co_return co_await say(250, "2.1.5 Ok");
}

Task<Peer::Session::Next> Peer::Session::data() {
  if (!in_transaction_ || recipients_.empty())
    co_return co_await say(503, "5.5.1 No valid recipients");
  if (peer_.draw(peer_.behaviour_.data_4yz_share)) co_return co_await say(451, "4.3.0 Not now");
  Next begun = co_await say(354, "Go on");
  if (begun == Next::leave) co_return Next::leave;
  auto content = co_await read_content();
  if (!content) co_return Next::leave;
  Next next = co_await judge(std::move(*content));
  in_transaction_ = false;
  recipients_.clear();
  co_return next;
}

Task<Peer::Session::Next> Peer::Session::judge(std::string content) {
  const PeerBehaviour& behaviour = peer_.behaviour_;
  if (peer_.draw(behaviour.dot_4yz_share)) co_return co_await say(451, "4.3.0 Not now");
  if (peer_.draw(behaviour.dot_5yz_share)) {
    for (const std::string& recipient : recipients_) peer_.ledger_.refused_for_good(recipient);
    co_return co_await say(554, "5.6.0 Not like this");
  }
  std::vector<Arrival*> taken;
  if (from_nobody_ && content.find("report-type=delivery-status") != std::string::npos)
    take_notice(content);
  else
    taken = take_message(content);
  if (peer_.draw(behaviour.drop_after_dot_share)) co_return Next::leave;
  Next next = co_await say(250, "2.0.0 Ok: queued");
  if (next == Next::leave) co_return next;
  for (Arrival* arrival : taken) arrival->answered = true;
  unconfirmed_ = std::move(taken);
  co_return next;
}

std::vector<Arrival*> Peer::Session::take_message(const std::string& content) {
  ReadContent read = sim::read_content(content);
  if (read.token.empty()) breach("a message without its X-Sim-Id");
  uint64_t transaction = peer_.ledger_.next_transaction();
  std::vector<Arrival*> taken;
  for (const std::string& recipient : recipients_) {
    Arrival arrival;
    arrival.site = peer_.site_;
    arrival.transaction = transaction;
    arrival.token = read.token;
    arrival.recipient = recipient;
    arrival.content_hash = read.hash;
    taken.push_back(&peer_.ledger_.arrive(std::move(arrival)));
  }
  return taken;
}

// "Final-Recipient: rfc822;ADDRESS", then "Action: KIND", as a program reads them.
void Peer::Session::take_notice(std::string_view content) {
  constexpr std::string_view recipient_field = "\r\nFinal-Recipient: rfc822;";
  constexpr std::string_view action_field = "\r\nAction: ";
  size_t recipients = 0;
  size_t at = content.find(recipient_field);
  while (at != std::string_view::npos) {
    content.remove_prefix(at + recipient_field.size());
    std::string recipient(content.substr(0, content.find("\r\n")));
    size_t action = content.find(action_field);
    if (action == std::string_view::npos) break;
    content.remove_prefix(action + action_field.size());
    peer_.ledger_.told(std::string(content.substr(0, content.find("\r\n"))), recipient);
    ++recipients;
    at = content.find(recipient_field);
  }
  if (recipients == 0) breach("a notice without recipients");
}

void Peer::Session::confirm() {
  for (Arrival* arrival : std::exchange(unconfirmed_, {})) arrival->confirmed = true;
}

Peer::Session::Next Peer::Session::breach(std::string what) {
  peer_.protocol_breaches_.push_back("site " + peer_.site_ + " got " + std::move(what));
  return Next::leave;
}

Task<Peer::Session::Next> Peer::Session::say(int code, std::string_view text) {
  return say_wire(fmt::format("{} {}\r\n", code, text));
}

Task<Peer::Session::Next> Peer::Session::say_wire(std::string wire) {
  auto written = co_await stream_->write(wire, deadline());
  co_return written ? Next::go_on : Next::leave;
}

Task<Peer::Session::Next> Peer::Session::never_answer() {
  bool connected = true;
  while (connected) {
    buffered_.clear();
    connected = co_await fill();
  }
  co_return Next::leave;
}

Task<bool> Peer::Session::fill() {
  char octets[8192];
  auto count = co_await stream_->read(octets, deadline());
  if (!count || *count == 0) co_return false;
  buffered_.append(octets, *count);
  co_return true;
}

Task<std::optional<std::string>> Peer::Session::read_line() {
  while (true) {
    auto taken = smtp::take_command_line(buffered_, smtp::command_line_octets_accepted);
    if (taken.status == smtp::LineStatus::complete) {
      std::string line(taken.line);
      buffered_.erase(0, taken.consumed);
      co_return line;
    }
    if (taken.status != smtp::LineStatus::incomplete) {
      breach("a line that is none");
      co_return std::nullopt;
    }
    bool more = co_await fill();
    if (!more) co_return std::nullopt;
  }
}

Task<std::optional<std::string>> Peer::Session::read_content() {
  smtp::DataReader reader;
  std::string content;
  while (true) {
    size_t taken = reader.feed(buffered_, content);
    buffered_.erase(0, taken);
    if (reader.ended()) break;
    bool more = co_await fill();
    if (!more) co_return std::nullopt;
  }
  if (reader.fault()) {
    breach("content that must not be");
    co_return std::nullopt;
  }
  co_return content;
}

Peer::Peer(io::SimProcess& process, Ledger& ledger, std::string site, PeerBehaviour behaviour)
    : process_(process),
      ledger_(ledger),
      site_(std::move(site)),
      behaviour_(behaviour),
      recipient_salt_(process.rng().next()) {}

Peer::~Peer() = default;

Result<void> Peer::listen(const Endpoint& at) {
  TRY(auto listener, process_.network().listen(at, {}));
  listeners_.push_back(std::move(listener));
  group_.start(serve(*listeners_.back()));
  return {};
}

void Peer::calm() {
  PeerBehaviour calm;
  calm.pipelining = behaviour_.pipelining;
  calm.rcpt_5yz_share = behaviour_.rcpt_5yz_share;
  behaviour_ = calm;
}

Task<void> Peer::serve(io::Listener& listener) {
  while (true) {
    auto stream = co_await listener.accept();
    if (!stream) co_return;
    note_connections();
    ledger_.connected(site_);
    group_.start(converse(std::move(*stream)));
  }
}

Task<void> Peer::converse(std::unique_ptr<io::Stream> stream) {
  Session session(*this, std::move(stream));
  co_await session.run();
}

void Peer::note_connections() {
  size_t open = 0;
  for (const auto& listener : listeners_)
    open += process_.world().network().connections(listener->local()).open;
  ledger_.connections_open(site_, open);
}

bool Peer::draw(double share) { return io::draw_chance(process_.rng(), share); }

bool Peer::refuses_for_good(const std::string& recipient) const {
  uint64_t hash = recipient_salt_;
  for (unsigned char octet : recipient) hash = (hash ^ octet) * 0x100000001b3;
  return static_cast<double>(hash >> 11) * 0x1p-53 < behaviour_.rcpt_5yz_share;
}

bool Peer::greylists(const std::string& recipient) {
  return greylisted_[recipient]++ < behaviour_.greylisted_attempts;
}

}  // namespace waypost::sim
