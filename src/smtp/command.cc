#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "smtp/limits.h"

namespace waypost::smtp {
namespace {

constexpr std::array<std::string_view, verb_count> verb_names{
    "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA",   "RSET",
    "NOOP", "QUIT", "VRFY",     "EXPN", "HELP", "BDAT", "unknown"};

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
                                                  std::string_view arguments) {
  const std::string expected = "; expected " + std::string(command.example);
  if (!base::starts_with_ignoring_case(arguments, command.keyword))
    return refuse(501, bad_arguments,
                  "Syntax error: " + std::string(command.keyword) + " is missing" + expected);
  const std::string_view text = base::trim(arguments.substr(command.keyword.size()));
  if (!text.starts_with('<'))
    return refuse(501, command.bad_address,
                  "Bad address syntax: put angle brackets around the address" + expected);
  auto path = take_path(text);
  if (!path) {
    if (has_non_ascii(text)) return refuse(553, non_ascii_address, path.error().message());
    return refuse(501, command.bad_address,
                  "Bad address syntax: " + path.error().message() + expected);
  }
  if (!path->rest.empty() && path->rest.front() != ' ')
    return refuse(501, bad_arguments,
                  "Syntax error: a space separates the address from its parameters" + expected);
  return *path;
}

// A parameter of RFC 5321 §4.1.2 (esmtp-param).
struct Parameter {
  std::string_view keyword;
  std::optional<std::string_view> value;
};

bool is_keyword(std::string_view text) {
  return !text.empty() && base::is_alnum(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return base::is_alnum(c) || c == '-'; });
}

bool is_value(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > 0x20 && c < 0x7f && c != '='; });
}

// The next parameter off `text`, which has at least one.
tl::expected<Parameter, Reply> take_parameter(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text = base::trim(text.substr(word.size()));
  const size_t equals = word.find('=');
  Parameter parameter{word.substr(0, equals), std::nullopt};
  if (equals != std::string_view::npos) parameter.value = word.substr(equals + 1);
  if (!is_keyword(parameter.keyword) || (parameter.value && !is_value(*parameter.value)))
    return refuse(501, bad_arguments,
                  "Syntax error in a parameter; expected KEYWORD=VALUE pairs behind the address");
  return parameter;
}

std::string shown(std::string_view keyword) {
  constexpr size_t shown_octets_max = 40;
  return base::to_upper(keyword.substr(0, shown_octets_max));
}

tl::unexpected<Reply> refuse_unknown(std::string_view keyword) {
  return refuse(555, bad_arguments, "The parameter " + shown(keyword) + " is not supported");
}

tl::expected<uint64_t, Reply> parse_size(std::optional<std::string_view> value) {
  const bool digits = value && value->size() <= size_digits_max &&
                      std::all_of(value->begin(), value->end(), base::is_digit);
  if (!digits)
    return refuse(501, bad_arguments, "SIZE takes a number of octets of at most 20 digits");
  uint64_t size_octets = 0;
  const auto [end, status] =
      std::from_chars(value->data(), value->data() + value->size(), size_octets);
  return status == std::errc() ? size_octets : std::numeric_limits<uint64_t>::max();
}

tl::expected<BodyType, Reply> parse_body(std::optional<std::string_view> value) {
  if (value && base::equals_ignoring_case(*value, "7BIT")) return BodyType::seven_bit;
  if (value && base::equals_ignoring_case(*value, "8BITMIME")) return BodyType::eight_bit_mime;
  return refuse(501, bad_arguments, "BODY takes 7BIT or 8BITMIME");
}

// Reads the parameters of one MAIL and remembers which were there.
class MailParameters {
 public:
  explicit MailParameters(MailArguments& mail) : mail_(mail) {}

  tl::expected<void, Reply> add(const Parameter& parameter) {
    for (size_t index = 0; index < known_.size(); ++index) {
      if (!base::equals_ignoring_case(parameter.keyword, known_[index])) continue;
      if (std::exchange(seen_[index], true))
        return refuse(501, bad_arguments,
                      "The parameter " + shown(parameter.keyword) + " stands there twice");
      return set(index, parameter.value);
    }
    return refuse_unknown(parameter.keyword);
  }

 private:
  enum Known : size_t { size, body, auth, known_count };
  static constexpr std::array<std::string_view, known_count> known_{"SIZE", "BODY", "AUTH"};

  tl::expected<void, Reply> set(size_t known, std::optional<std::string_view> value) {
    if (known == size) {
      TRY(mail_.size_octets, parse_size(value));
    } else if (known == body) {
      TRY(mail_.body, parse_body(value));
    } else if (!value) {
      return refuse(501, bad_arguments, "AUTH takes an address or <>");
    }
    return {};
  }

  MailArguments& mail_;
  std::array<bool, known_count> seen_{};
};

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
  TRY(TakenPath path, take_path_argument(mail_command, arguments));
  if (path.mailbox && path.mailbox->domain.empty())
    return refuse(501, bad_sender, "Bad address syntax: the sender needs a domain");
  MailArguments mail;
  mail.sender = std::move(path.mailbox);
  MailParameters parameters(mail);
  std::string_view rest = base::trim(path.rest);
  while (!rest.empty()) {
    TRY(const Parameter parameter, take_parameter(rest));
    TRY_VOID(parameters.add(parameter));
  }
  return mail;
}

tl::expected<RcptArguments, Reply> parse_rcpt(std::string_view arguments) {
  TRY(TakenPath path, take_path_argument(rcpt_command, arguments));
  if (!path.mailbox)
    return refuse(501, bad_recipient, "Bad address syntax: a recipient cannot be empty");
  std::string_view rest = base::trim(path.rest);
  if (!rest.empty()) {
    TRY(const Parameter parameter, take_parameter(rest));
    return refuse_unknown(parameter.keyword);
  }
  return RcptArguments{*std::move(path.mailbox)};
}

}  // namespace waypost::smtp
