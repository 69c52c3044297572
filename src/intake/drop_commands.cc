#include "intake/drop_commands.h"

#include "intake/replies.h"
#include "smtp/limits.h"
#include "smtp/line.h"

namespace waypost::intake {
namespace {

using Refused = tl::unexpected<smtp::Reply>;

Refused out_of_sequence() {
  return Refused(smtp::reply(503, {5, 5, 1}, "The file is not MAIL, RCPT, DATA and content"));
}

}  // namespace

tl::expected<DropCommands, smtp::Reply> parse_drop_commands(std::string_view octets,
                                                            size_t recipients_max) {
  DropCommands commands;
  bool has_mail = false;
  while (true) {
    const smtp::TakenLine taken =
        smtp::take_command_line(octets.substr(commands.octets), smtp::command_line_octets_accepted);
    if (taken.status != smtp::LineStatus::complete) return out_of_sequence();
    commands.octets += taken.consumed;
    const smtp::Command command = smtp::parse_command(taken.line);
    if (command.verb == smtp::Verb::mail && !has_mail) {
      auto mail = smtp::parse_mail(command.arguments);
      if (!mail) return Refused(std::move(mail).error());
      commands.mail = *std::move(mail);
      has_mail = true;
    } else if (command.verb == smtp::Verb::rcpt && has_mail) {
      auto rcpt =
          smtp::parse_rcpt(command.arguments, commands.mail.smtputf8 ? smtp::Characters::utf8
                                                                     : smtp::Characters::ascii);
      if (!rcpt) return Refused(std::move(rcpt).error());
      if (commands.recipients.size() >= recipients_max)
        return Refused(too_many_recipients(recipients_max));
      commands.recipients.push_back(*std::move(rcpt));
    } else if (command.verb == smtp::Verb::data && !commands.recipients.empty()) {
      return commands;
    } else {
      return out_of_sequence();
    }
  }
}

}  // namespace waypost::intake
