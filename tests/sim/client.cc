#include "tests/sim/client.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "io/draw.h"
#include "smtp/data.h"

namespace waypost::sim {
namespace {

using namespace std::chrono_literals;
using io::Task;

constexpr uint64_t small_octets_max = 8'000;
constexpr uint64_t large_octets_min = 300 * 1024;
constexpr uint64_t large_octets_max = 700 * 1024;

std::string text_of(const std::optional<smtp::Reply>& reply) {
  return reply ? reply->text() : "no reply";
}

}  // namespace

// One connection to the server under test.
class Client::Session {
 public:
  explicit Session(Client& client) : client_(client) {}

  // Connects and says EHLO; false when that came to nothing.
  Task<bool> open();
  // One transaction. False when the connection is of no more use.
  Task<bool> send(Submission& submission, std::vector<std::string> recipients, std::string content);
  Task<void> quit();

 private:
  // What came of the commands before the content.
  enum class Ready { content, refused, gone };
  Task<Ready> offer(Submission& submission, std::vector<std::string> recipients);
  Task<Ready> offer_pipelined(Submission& submission, std::vector<std::string> recipients);
  Task<bool> send_content(Submission& submission, std::string content);
  Task<std::optional<smtp::Reply>> ask(std::string command);
  Task<std::optional<smtp::Reply>> read_reply();
  Task<bool> write(std::string octets);
  Instant deadline() { return client_.process_.now() + client_.settings_.patience; }

  Client& client_;
  std::unique_ptr<io::Stream> stream_;
  smtp::ReplyReader reader_;
  std::string buffered_;
};

Task<bool> Client::Session::open() {
  auto stream =
      co_await client_.process_.network().connect(client_.settings_.server, {}, deadline());
  if (!stream) co_return false;
  stream_ = std::move(*stream);
  auto greeting = co_await read_reply();
  if (!greeting || !greeting->positive()) co_return false;
  auto hello = co_await ask("EHLO client.sim.example");
  co_return hello && hello->positive();
}

Task<bool> Client::Session::send(Submission& submission, std::vector<std::string> recipients,
                                 std::string content) {
  bool pipelined = client_.draw(client_.settings_.pipelined_share);
  Task<Ready> offering = pipelined ? offer_pipelined(submission, std::move(recipients))
                                   : offer(submission, std::move(recipients));
  Ready ready = co_await std::move(offering);
  if (ready == Ready::gone) co_return false;
  if (ready == Ready::content) co_return co_await send_content(submission, std::move(content));
  auto reset = co_await ask("RSET");
  co_return reset && reset->positive();
}

Task<Client::Session::Ready> Client::Session::offer(Submission& submission,
                                                    std::vector<std::string> recipients) {
  auto reply = co_await ask("MAIL FROM:<" + submission.sender + ">");
  if (reply && reply->positive()) {
    for (const std::string& recipient : recipients) {
      reply = co_await ask("RCPT TO:<" + recipient + ">");
      if (!reply) break;
      if (reply->positive()) submission.recipients.push_back(recipient);
    }
    if (reply && !submission.recipients.empty()) reply = co_await ask("DATA");
  }
  if (reply && reply->intermediate()) co_return Ready::content;
  client_.ledger_.settle(submission, reply ? Fate::refused : Fate::unsent, text_of(reply));
  co_return reply ? Ready::refused : Ready::gone;
}

Task<Client::Session::Ready> Client::Session::offer_pipelined(Submission& submission,
                                                              std::vector<std::string> recipients) {
  std::string commands = "MAIL FROM:<" + submission.sender + ">\r\n";
  for (const std::string& recipient : recipients) commands += "RCPT TO:<" + recipient + ">\r\n";
  bool written = co_await write(commands + "DATA\r\n");
  std::optional<smtp::Reply> reply;
  if (written) reply = co_await read_reply();
  for (size_t index = 0; index < recipients.size() && reply; ++index) {
    reply = co_await read_reply();
    if (reply && reply->positive()) submission.recipients.push_back(recipients[index]);
  }
  if (reply) reply = co_await read_reply();
  if (reply && reply->intermediate()) co_return Ready::content;
  client_.ledger_.settle(submission, reply ? Fate::refused : Fate::unsent, text_of(reply));
  co_return reply ? Ready::refused : Ready::gone;
}

Task<bool> Client::Session::send_content(Submission& submission, std::string content) {
  submission.content_hash = read_content(content).hash;
  if (client_.draw(client_.settings_.abort_share)) {
    // Cut before the last line ends, so that what was sent cannot look like an end of data.
    size_t part = io::draw_below(client_.process_.rng(), content.size() - 2);
    std::string wire;
    smtp::DataWriter().append(std::string_view(content).substr(0, part), wire);
    co_await write(std::move(wire));
    stream_->close();
    client_.ledger_.settle(submission, Fate::unsent, "aborted");
    co_return false;
  }
  std::string wire;
  smtp::DataWriter writer;
  writer.append(content, wire);
  writer.finish(wire);
  // From here on a part of it may be all of it, for all that the client knows.
  client_.ledger_.settle(submission, Fate::unknown, "no reply");
  bool written = co_await write(std::move(wire));
  if (!written) co_return false;
  auto reply = co_await read_reply();
  if (!reply) co_return false;
  client_.ledger_.settle(submission, reply->positive() ? Fate::acknowledged : Fate::refused,
                         reply->text());
  co_return reply->code != 421;
}

Task<void> Client::Session::quit() { (void)co_await ask("QUIT"); }

Task<std::optional<smtp::Reply>> Client::Session::ask(std::string command) {
  command += "\r\n";
  bool written = co_await write(std::move(command));
  if (!written) co_return std::nullopt;
  co_return co_await read_reply();
}

Task<std::optional<smtp::Reply>> Client::Session::read_reply() {
  while (true) {
    auto taken = reader_.feed(buffered_);
    if (!taken) co_return std::nullopt;
    buffered_.erase(0, *taken);
    if (reader_.complete()) co_return reader_.take();
    char octets[4096];
    auto count = co_await stream_->read(octets, deadline());
    if (!count || *count == 0) co_return std::nullopt;
    buffered_.append(octets, *count);
  }
}

Task<bool> Client::Session::write(std::string octets) {
  auto written = co_await stream_->write(octets, deadline());
  co_return written.has_value();
}

Client::Client(io::SimProcess& process, Ledger& ledger, ClientSettings settings)
    : process_(process), ledger_(ledger), settings_(std::move(settings)) {}

void Client::start() {
  started_ = true;
  group_.start(send_all());
}

Task<void> Client::send_all() {
  std::unique_ptr<Session> session;
  while (sent_ < settings_.messages) {
    co_await io::sleep_until(
        process_, process_.now() + io::draw_between(process_.rng(), 0ns, settings_.pause_max));
    if (!session) {
      session = std::make_unique<Session>(*this);
      bool opened = co_await session->open();
      if (!opened) session.reset();
      if (!opened) continue;  // the server is away: this message waits
    }
    std::string token = fmt::format("{}-{}", settings_.name, ++sent_);
    bool anonymous = draw(settings_.null_sender_share);
    Submission& submission =
        ledger_.submit(token, anonymous ? "" : settings_.name + "@client.sim.example");
    bool usable = co_await session->send(submission, draw_recipients(), compose(token));
    if (usable && draw(settings_.reuse_share)) continue;
    if (usable) co_await session->quit();
    session.reset();
  }
}

std::string Client::draw_recipient() {
  uint64_t user = io::draw_below(process_.rng(), settings_.users_per_domain);
  uint64_t domain = io::draw_below(process_.rng(), settings_.domains.size());
  return fmt::format("user{}@{}", user, settings_.domains[domain]);
}

std::vector<std::string> Client::draw_recipients() {
  uint64_t count = io::draw_between(process_.rng(), 1, settings_.recipients_max);
  std::vector<std::string> recipients;
  while (recipients.size() < count) {
    std::string recipient = draw_recipient();
    // One that repeats itself would be one delivery or two: both are right.
    if (std::find(recipients.begin(), recipients.end(), recipient) == recipients.end())
      recipients.push_back(std::move(recipient));
    else
      --count;
  }
  return recipients;
}

std::string Client::compose(const std::string& token) {
  io::Rng& rng = process_.rng();
  std::string content;
  if (draw(settings_.urgent_share))
    content += fmt::format("X-Waypost-Stream: {}\r\n", urgent_stream);
  if (draw(settings_.deadline_share))
    content += fmt::format("X-Waypost-Expire-After: {}m\r\n", io::draw_between(rng, 5, 60));
  content +=
      fmt::format("{}{}\r\nFrom: <{}@client.sim.example>\r\nMessage-ID: {}\r\nSubject: {}\r\n\r\n",
                  token_field, token, settings_.name, message_id_of(token), token);
  uint64_t octets = draw(settings_.large_share)
                        ? io::draw_between(rng, large_octets_min, large_octets_max)
                        : io::draw_between(rng, 0, small_octets_max);
  size_t wanted = content.size() + octets;
  while (content.size() < wanted) {
    // Lines that start with a dot, and lines of only a dot, are what transparency is for.
    content.append(io::draw_below(rng, 4), '.');
    content.append(io::draw_below(rng, 120), static_cast<char>('a' + io::draw_below(rng, 26)));
    content += "\r\n";
  }
  return content;
}

bool Client::draw(double share) { return io::draw_chance(process_.rng(), share); }

}  // namespace waypost::sim
