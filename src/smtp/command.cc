#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "smtp/limits.h"
#include "smtp/parameters.h"

namespace waypost::smtp {
namespace {

constexpr std::array<std::string_view, verb_count> verb_names{
    "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA",    "RSET",
    "NOOP", "QUIT", "VRFY",     "EXPN", "HELP", "BDAT", "XCLIENT", "unknown"};

constexpr EnhancedCode bad_arguments{5, 5, 4};
constexpr EnhancedCode bad_sender{5, 1, 7};
constexpr EnhancedCode bad_recipient{5, 1, 3};
constexpr EnhancedCode non_ascii_address{5, 6, 7};

// How MAIL and RCPT differ in what they share.
struct PathCommand {
  std::string_view keyword;
  std::string_view example;
  EnhancedCode bad_address;
};
constexpr PathCommand mail_command{"FROM:", "MAIL FROM:<sender@example.org>", bad_sender};
constexpr PathCommand rcpt_command{"TO:", "RCPT TO:<recipient@example.org>", bad_recipient};

tl::unexpected<Reply> refuse(int code, EnhancedCode enhanced, std::string text) {
  return tl::unexpected<Reply>(reply(code, enhanced, std::move(text)));
}

bool has_non_ascii(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// The path behind FROM: or TO:, with the parameters still to be read.
tl::expected<TakenPath, Reply> take_path_argument(const PathCommand& command,
                                                  std::string_view arguments,
                                                  Characters characters) {
  const std::string expected = "; expected " + std::string(command.example);
  if (!base::starts_with_ignoring_case(arguments, command.keyword))
    return refuse(501, bad_arguments,
                  "Syntax error: " + std::string(command.keyword) + " is missing" + expected);
  const std::string_view text = base::trim(arguments.substr(command.keyword.size()));
  if (!text.starts_with('<'))
    return refuse(501, command.bad_address,
                  "Bad address syntax: put angle brackets around the address" + expected);
  auto path = take_path(text, characters);
  if (!path) {
    if (characters == Characters::ascii && has_non_ascii(text))
      return refuse(553, non_ascii_address, path.error().message());
    return refuse(501, command.bad_address,
                  "Bad address syntax: " + path.error().message() + expected);
  }
  if (!path->rest.empty() && path->rest.front() != ' ')
    return refuse(501, bad_arguments,
                  "Syntax error: a space separates the address from its parameters" + expected);
  return *path;
}

// What it stands for; too large a number for us is the largest.
uint64_t decimal(std::string_view digits) {
  uint64_t number = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return status == std::errc() ? number : std::numeric_limits<uint64_t>::max();
}

}  // namespace

std::string_view name(Verb verb) { return verb_names[size_t(verb)]; }

Command parse_command(std::string_view line) {
  const size_t word_end = std::min(line.find_first_of(" \t"), line.size());
  Command command{Verb::unknown, line.substr(0, word_end), base::trim(line.substr(word_end))};
  for (size_t index = 0; index < size_t(Verb::unknown); ++index)
    if (base::equals_ignoring_case(command.word, verb_names[index])) command.verb = Verb(index);
  return command;
}

tl::expected<MailArguments, Reply> parse_mail(std::string_view arguments) {
  // The address stands in front of the parameter that says what it may be written with.
  const bool smtputf8 = asks_for_utf8(arguments);
  TRY(TakenPath path,
      take_path_argument(mail_command, arguments, smtputf8 ? Characters::utf8 : Characters::ascii));
  if (path.mailbox && path.mailbox->domain.empty())
    return refuse(501, bad_sender, "Bad address syntax: the sender needs a domain");
  MailArguments mail;
  mail.sender = std::move(path.mailbox);
  TRY_VOID(read_parameters(path.rest, mail));
  // The word may have stood inside the address.
  if (mail.sender && !mail.sender->is_ascii() && !mail.smtputf8)
    return refuse(553, non_ascii_address, "non-ASCII characters in an address need SMTPUTF8");
  return mail;
}

tl::expected<RcptArguments, Reply> parse_rcpt(std::string_view arguments, Characters characters) {
  TRY(TakenPath path, take_path_argument(rcpt_command, arguments, characters));
  if (!path.mailbox)
    return refuse(501, bad_recipient, "Bad address syntax: a recipient cannot be empty");
  RcptArguments rcpt{*std::move(path.mailbox), {}};
  TRY_VOID(read_parameters(path.rest, characters, rcpt));
  return rcpt;
}

tl::expected<Chunk, Reply> parse_bdat(std::string_view arguments) {
  const std::string_view digits = arguments.substr(0, arguments.find(' '));
  const std::string_view rest = base::trim(arguments.substr(digits.size()));
  const bool is_number = !digits.empty() && digits.size() <= size_digits_max &&
                         std::all_of(digits.begin(), digits.end(), base::is_digit);
  const bool last = base::equals_ignoring_case(rest, "LAST");
  if (!is_number || (!last && !rest.empty()))
    return refuse(501, bad_arguments, "BDAT takes the octets of the chunk, and LAST; closing");
  return Chunk{decimal(digits), last};
}

}  // namespace waypost::smtp
