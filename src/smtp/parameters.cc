#include "smtp/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <utility>

#include "base/ascii.h"
#include "base/result.h"
#include "smtp/limits.h"
#include "smtp/xtext.h"

namespace waypost::smtp {
namespace {

constexpr EnhancedCode bad_arguments{5, 5, 4};

// A parameter of RFC 5321 §4.1.2 (esmtp-param).
struct Parameter {
  std::string_view keyword;
  std::optional<std::string_view> value;
};

using Done = tl::expected<void, Reply>;

tl::unexpected<Reply> refuse(std::string text) {
  return tl::unexpected<Reply>(reply(501, bad_arguments, std::move(text)));
}

bool is_keyword(std::string_view text) {
  return !text.empty() && base::is_alnum(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return base::is_alnum(c) || c == '-'; });
}

// RFC 5321 §4.1.2, and RFC 6531 §3.3 for what is not ASCII: who reads the value says whether that
// may be.
bool is_value(std::string_view text) {
  const auto may_stand = [](char c) {
    return (c > 0x20 && c < 0x7f && c != '=') || static_cast<unsigned char>(c) >= 0x80;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), may_stand);
}

// The next word off `text`, with the spaces around it.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text = base::trim(text.substr(word.size()));
  return word;
}

tl::expected<Parameter, Reply> parse_parameter(std::string_view word) {
  const size_t equals = word.find('=');
  Parameter parameter{word.substr(0, equals), std::nullopt};
  if (equals != std::string_view::npos) parameter.value = word.substr(equals + 1);
  if (!is_keyword(parameter.keyword) || (parameter.value && !is_value(*parameter.value)))
    return refuse("Syntax error in a parameter; expected KEYWORD=VALUE pairs behind the address");
  return parameter;
}

std::string shown(std::string_view keyword) {
  constexpr size_t shown_octets_max = 40;
  return base::to_upper(keyword.substr(0, shown_octets_max));
}

// What we know of one keyword: where its value goes.
template <class Arguments>
struct Known {
  std::string_view keyword;
  Done (*read)(std::optional<std::string_view> value, Arguments& into);
};

template <class Arguments, size_t known_count>
Done read_all(std::string_view text, const std::array<Known<Arguments>, known_count>& known,
              Arguments& into) {
  std::array<bool, known_count> seen{};
  text = base::trim(text);
  while (!text.empty()) {
    TRY(const Parameter parameter, parse_parameter(take_word(text)));
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const Known<Arguments>& candidate) {
          return base::equals_ignoring_case(parameter.keyword, candidate.keyword);
        });
    if (found == known.end())
      return tl::unexpected<Reply>(reply(
          555, bad_arguments, "The parameter " + shown(parameter.keyword) + " is not supported"));
    if (std::exchange(seen[size_t(found - known.begin())], true))
      return refuse("The parameter " + shown(parameter.keyword) + " stands there twice");
    TRY_VOID(found->read(parameter.value, into));
  }
  return {};
}

bool is_one_of(std::optional<std::string_view> value, std::string_view word) {
  return value && base::equals_ignoring_case(*value, word);
}

Done read_size(std::optional<std::string_view> value, MailArguments& mail) {
  const bool digits = value && value->size() <= size_digits_max &&
                      std::all_of(value->begin(), value->end(), base::is_digit);
  if (!digits) return refuse("SIZE takes a number of octets of at most 20 digits");
  uint64_t octets = 0;
  const auto [end, status] = std::from_chars(value->data(), value->data() + value->size(), octets);
  mail.size_octets = status == std::errc() ? octets : std::numeric_limits<uint64_t>::max();
  return {};
}

Done read_body(std::optional<std::string_view> value, MailArguments& mail) {
  if (is_one_of(value, "7BIT"))
    mail.body = BodyType::seven_bit;
  else if (is_one_of(value, "8BITMIME"))
    mail.body = BodyType::eight_bit_mime;
  else
    return refuse("BODY takes 7BIT or 8BITMIME");
  return {};
}

// RFC 4954 §5: we believe no client who else it speaks for.
Done read_auth(std::optional<std::string_view> value, MailArguments&) {
  const std::optional<std::string> identity = value ? from_xtext(*value) : std::nullopt;
  if (!identity) return refuse("AUTH takes an address or <>");
  return {};
}

Done read_smtputf8(std::optional<std::string_view> value, MailArguments& mail) {
  if (value) return refuse("SMTPUTF8 takes no value");
  mail.smtputf8 = true;
  return {};
}

Done read_ret(std::optional<std::string_view> value, MailArguments& mail) {
  if (is_one_of(value, "FULL"))
    mail.dsn.returns = ReturnContent::full;
  else if (is_one_of(value, "HDRS"))
    mail.dsn.returns = ReturnContent::headers;
  else
    return refuse("RET takes FULL or HDRS");
  return {};
}

Done read_envid(std::optional<std::string_view> value, MailArguments& mail) {
  const bool fits = value && value->size() <= envelope_id_octets_max;
  std::optional<std::string> decoded = fits ? from_xtext(*value) : std::nullopt;
  if (!decoded) return refuse("ENVID takes xtext of at most 100 octets (RFC 3461)");
  mail.dsn.envelope_id = *std::move(decoded);
  return {};
}

// "SUCCESS,FAILURE,DELAY", or NEVER alone.
Done read_notify(std::optional<std::string_view> value, RcptArguments& rcpt) {
  Notify notify;
  std::string_view rest = value.value_or("");
  for (bool more = true; more;) {
    const size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    const std::string_view word = rest.substr(0, comma);
    if (more) rest.remove_prefix(comma + 1);
    if (is_one_of(word, "NEVER"))
      notify.never = true;
    else if (is_one_of(word, "SUCCESS"))
      notify.success = true;
    else if (is_one_of(word, "FAILURE"))
      notify.failure = true;
    else if (is_one_of(word, "DELAY"))
      notify.delay = true;
    else
      return refuse("NOTIFY takes NEVER, or a list of SUCCESS, FAILURE and DELAY");
  }
  const bool wants_some = notify.success || notify.failure || notify.delay;
  if (notify.never && wants_some) return refuse("NOTIFY=NEVER stands alone");
  rcpt.dsn.notify = notify;
  return {};
}

// "rfc822;ann@example.net".
template <Characters characters>
Done read_orcpt(std::optional<std::string_view> value, RcptArguments& rcpt) {
  const std::string_view text = value.value_or("");
  const size_t semicolon = std::min(text.find(';'), text.size());
  const std::string type = base::to_lower(text.substr(0, semicolon));
  const std::string_view address = text.substr(std::min(semicolon + 1, text.size()));
  const bool fits =
      is_keyword(type) && !address.empty() && text.size() <= original_recipient_octets_max;
  std::optional<std::string> decoded;
  if (fits)
    decoded = type == "utf-8" ? from_utf8_address(address, characters) : from_xtext(address);
  if (!decoded)
    return refuse("ORCPT takes a type and an address in xtext, as in ORCPT=rfc822;ann@example.net");
  rcpt.dsn.original_recipient = type + ";" + *decoded;
  return {};
}

constexpr std::array mail_parameters{
    Known<MailArguments>{"SIZE", read_size},   Known<MailArguments>{"BODY", read_body},
    Known<MailArguments>{"AUTH", read_auth},   Known<MailArguments>{"RET", read_ret},
    Known<MailArguments>{"ENVID", read_envid}, Known<MailArguments>{"SMTPUTF8", read_smtputf8},
};

template <Characters characters>
constexpr std::array rcpt_parameters{
    Known<RcptArguments>{"NOTIFY", read_notify},
    Known<RcptArguments>{"ORCPT", read_orcpt<characters>},
};

}  // namespace

bool asks_for_utf8(std::string_view parameters) {
  while (!parameters.empty())
    if (base::equals_ignoring_case(take_word(parameters), "SMTPUTF8")) return true;
  return false;
}

tl::expected<void, Reply> read_parameters(std::string_view parameters, MailArguments& mail) {
  return read_all(parameters, mail_parameters, mail);
}

tl::expected<void, Reply> read_parameters(std::string_view parameters, Characters characters,
                                          RcptArguments& rcpt) {
  if (characters == Characters::utf8)
    return read_all(parameters, rcpt_parameters<Characters::utf8>, rcpt);
  return read_all(parameters, rcpt_parameters<Characters::ascii>, rcpt);
}

}  // namespace waypost::smtp
