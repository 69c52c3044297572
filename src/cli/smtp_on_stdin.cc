#include "cli/smtp_on_stdin.h"

#include <cerrno>
#include <cstdio>
#include <optional>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "cli/drop_mail.h"
#include "cli/terminal.h"
#include "smtp/command.h"
#include "smtp/data.h"
#include "smtp/limits.h"
#include "smtp/line.h"
#include "smtp/sequence.h"

namespace waypost::cli {
namespace {

using smtp::Reply;
using smtp::Verb;

class StdinSession {
 public:
  explicit StdinSession(const SmtpOnStdin& settings) : settings_(settings) {}

  int run() {
    say(smtp::reply(220, settings_.hostname + " ESMTP"));
    while (!ended_) {
      std::optional<std::string> line = next_line();
      if (!line) break;
      answer(*line);
    }
    return exit_code::ok;
  }

 private:
  void say(const Reply& reply) {
    std::string wire;
    reply.append_wire(wire);
    print(wire);
    std::fflush(stdout);
  }

  bool receive() {
    char buffer[64 * 1024];
    ssize_t count = 0;
    do {
      count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    } while (count < 0 && errno == EINTR);
    if (count > 0) input_.append(buffer, static_cast<size_t>(count));
    return count > 0;
  }

  std::optional<std::string> next_line() {
    while (true) {
      const smtp::TakenLine taken =
          smtp::take_command_line(input_, smtp::command_line_octets_accepted);
      if (taken.status == smtp::LineStatus::complete) {
        std::string line(taken.line);
        input_.erase(0, taken.consumed);
        return line;
      }
      if (taken.status != smtp::LineStatus::incomplete) {
        say(smtp::reply(500, {5, 5, 2}, "That is no line of SMTP; closing"));
        return std::nullopt;
      }
      if (!receive()) return std::nullopt;
    }
  }

  void answer(const std::string& line) {
    const smtp::Command command = smtp::parse_command(line);
    std::optional<Reply> reply = smtp::refuse_out_of_sequence(phase_, {}, command.verb);
    if (!reply) {
      reply = execute(command);
      // RFC 5321 §4.1.1.4: whatever the reply, the transaction is over.
      const bool over = reply->positive() || command.verb == Verb::data;
      if (over) phase_ = smtp::after(phase_, command.verb);
    }
    say(*reply);
  }

  Reply execute(const smtp::Command& command) {
    switch (command.verb) {
      case Verb::ehlo:
        return smtp::reply(250,
                           fmt::format("{}\nPIPELINING\nSIZE {}\n8BITMIME\nENHANCEDSTATUSCODES",
                                       settings_.hostname, settings_.message_octets_max));
      case Verb::helo:
        return smtp::reply(250, settings_.hostname);
      case Verb::mail:
        return on_mail(command);
      case Verb::rcpt:
        return on_rcpt(command);
      case Verb::data:
        return on_data();
      case Verb::bdat:
        ended_ = true;  // the next command stands behind a chunk that we do not take
        return smtp::reply(502, {5, 5, 1}, "BDAT is not available here; closing");
      case Verb::vrfy:
        return smtp::reply(252, {2, 0, 0}, "Cannot verify; send the message and see");
      case Verb::quit:
        ended_ = true;
        return smtp::reply(221, {2, 0, 0}, "Bye");
      default:
        return smtp::reply(250, {2, 0, 0}, "Ok");
    }
  }

  Reply on_mail(const smtp::Command& command) {
    auto mail = smtp::parse_mail(command.arguments);
    if (!mail) return mail.error();
    if (mail->size_octets.value_or(0) > settings_.message_octets_max) return too_large();
    commands_ = {"MAIL " + std::string(command.arguments)};
    return smtp::reply(250, {2, 1, 0}, "Sender ok");
  }

  Reply on_rcpt(const smtp::Command& command) {
    auto rcpt = smtp::parse_rcpt(command.arguments);
    if (!rcpt) return rcpt.error();
    if (rcpt->recipient.domain.empty())
      return smtp::reply(550, {5, 1, 1}, "This relay has no mailboxes of its own");
    if (commands_.size() > settings_.recipients_max)
      return smtp::reply(452, {4, 5, 3}, "Too many recipients");
    commands_.push_back("RCPT " + std::string(command.arguments));
    return smtp::reply(250, {2, 1, 5}, "Recipient ok");
  }

  Reply on_data() {
    say(smtp::reply(354, "End data with <CR><LF>.<CR><LF>"));
    smtp::DataReader reader;
    std::string content;
    bool fits = true;
    while (!reader.ended()) {
      const size_t used = reader.feed(input_, content);
      input_.erase(0, used);
      fits = fits && content.size() <= settings_.message_octets_max;
      if (!fits || reader.fault()) content.clear();
      if (reader.ended()) break;
      if (receive()) continue;
      ended_ = true;
      return smtp::reply(421, {4, 4, 2}, "The message is not whole");
    }
    if (reader.fault()) {
      ended_ = true;
      return smtp::reply(554, {5, 6, 0},
                         "The message has a bare CR, a bare LF, a NUL or too long "
                         "a line; closing");
    }
    if (!fits) return too_large();
    auto id = drop_mail(settings_.drop_folder, commands_, content);
    if (id) return smtp::reply(250, {2, 0, 0}, "Ok: queued as " + id->text());
    report_not_dropped(id.error());
    return smtp::reply(451, {4, 3, 0}, "The message cannot be stored now; try again later");
  }

  Reply too_large() const {
    return smtp::reply(552, {5, 3, 4},
                       fmt::format("The message is too large: the limit is {} octets",
                                   settings_.message_octets_max));
  }

  const SmtpOnStdin& settings_;
  smtp::Phase phase_ = smtp::Phase::connected;
  std::string input_;
  std::vector<std::string> commands_;  // of the transaction
  bool ended_ = false;
};

}  // namespace

int smtp_on_stdin(const SmtpOnStdin& settings) { return StdinSession(settings).run(); }

}  // namespace waypost::cli
