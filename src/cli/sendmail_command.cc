#include "cli/sendmail_command.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/drop_mail.h"
#include "cli/load_config.h"
#include "cli/queue_commands.h"
#include "cli/sendmail_arguments.h"
#include "cli/sendmail_message.h"
#include "cli/smtp_on_stdin.h"
#include "config/data_paths.h"

namespace waypost::cli {
namespace {

constexpr int data_error = 65;   // EX_DATAERR
constexpr int too_large = 69;    // EX_UNAVAILABLE
constexpr int input_error = 74;  // EX_IOERR

constexpr std::string_view sendmail_help =
    R"(Usage: sendmail [-t] [-i] [-f ADDRESS] [-F NAME] [RECIPIENT...] < MESSAGE

Hands in a message from standard input, also while the relay is down.

  -t              Take the recipients from To, Cc and Bcc
  -i              A line with a dot does not end the message
  -f ADDRESS      The sender; <> is the empty one
  -F NAME         The sender's name, where the message has no From
  -N NOTIFY       never, or of success, failure, delay: what to be told
  -R full|hdrs    How much of the message comes back with a notice
  -V ID           Names the message in notices
  -bs             Speak SMTP on standard input
  -bp             List the queue, as mailq does
)";

SendmailCaller caller_at(const std::string& hostname) {
  SendmailCaller caller;
  caller.hostname = hostname;
  const ::passwd* entry = ::getpwuid(::getuid());
  caller.user = entry ? entry->pw_name : "user-" + std::to_string(::getuid());
  // The first part of the field is the name; the others are rooms and telephones.
  if (entry && entry->pw_gecos) caller.full_name = entry->pw_gecos;
  caller.full_name.resize(std::min(caller.full_name.find(','), caller.full_name.size()));
  return caller;
}

// Everything of standard input; nothing when it cannot be read.
std::optional<std::string> read_input(uint64_t octets_max) {
  std::string input;
  while (input.size() <= octets_max) {
    const size_t before = input.size();
    input.resize(before + 64 * 1024);
    const ssize_t count = ::read(STDIN_FILENO, input.data() + before, input.size() - before);
    input.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
  }
  return input;
}

int send(const SendmailCall& call, const config::Config& config) {
  const uint64_t octets_max = config.limits.message_octets_max;
  auto input = read_input(octets_max);
  if (!input) {
    note("sendmail: the message cannot be read\n");
    return input_error;
  }
  if (input->size() > octets_max) {
    note(fmt::format("sendmail: the message is too large: the limit is {} octets\n", octets_max));
    return too_large;
  }
  auto mail = prepare_mail(call, caller_at(config.hostname), *input);
  if (!mail) {
    note("sendmail: " + base::escape_control(mail.error().describe()) + "\n");
    return data_error;
  }
  if (mail->commands.size() - 1 > config.limits.recipients_max) {
    note(fmt::format("sendmail: too many recipients: the limit is {}\n",
                     config.limits.recipients_max));
    return data_error;
  }
  // Line ends have become CRLF.
  if (mail->content.size() > octets_max) {
    note(fmt::format("sendmail: the message is too large: the limit is {} octets\n", octets_max));
    return too_large;
  }
  auto id = drop_mail(config::DataPaths(config.data_dir).drop, mail->commands, mail->content);
  return id ? exit_code::ok : report_not_dropped(id.error());
}

}  // namespace

int sendmail_command(Global global, const std::string& program,
                     const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments.front() == "--help") {
    print(sendmail_help);
    return exit_code::ok;
  }
  auto call = parse_sendmail_arguments(program, arguments);
  if (!call) {
    note("sendmail: " + base::escape_control(call.error()) + "\n");
    return exit_code::usage;
  }
  if (!call->config_file.empty()) global.config_file = call->config_file;
  if (call->mode == SendmailCall::Mode::nothing) return exit_code::ok;
  if (call->mode == SendmailCall::Mode::list_queue)
    return queue_ls_command(global, QueueArguments());
  auto config = load_config(global, false);
  if (!config) return config.error();
  if (call->mode == SendmailCall::Mode::send) return send(*call, *config);
  return smtp_on_stdin({config->hostname, config::DataPaths(config->data_dir).drop,
                        config->limits.message_octets_max, config->limits.recipients_max});
}

}  // namespace waypost::cli
