#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "intake/replies.h"
#include "smtp/limits.h"
#include "submission/session.h"

// The commands that are answered at once. Whether one may come now was decided before.
namespace waypost::submission {
namespace {

constexpr smtp::EnhancedCode done{2, 0, 0};
constexpr smtp::EnhancedCode bad_arguments{5, 5, 4};

// An address literal in brackets; some clients leave out the tag "IPv6:".
bool is_literal(std::string_view name) {
  if (!name.starts_with('[') || !name.ends_with(']')) return false;
  name = name.substr(1, name.size() - 2);
  if (base::starts_with_ignoring_case(name, "IPv6:")) name.remove_prefix(5);
  return IpAddress::parse(name).has_value();
}

smtp::Reply refuse_hello_name() {
  return smtp::reply(501, bad_arguments,
                     "Say who you are: EHLO with your host name or [address], of letters, digits, "
                     "dots and hyphens");
}

}  // namespace

// Wider than RFC 5321 §4.1.2, since many computers have such names, and narrow enough for a header
// or a log. What it resolves to is nobody's business (RFC 5321 §4.1.4).
bool Session::is_hello_name(std::string_view name) {
  if (name.size() > smtp::domain_octets_max) return false;
  if (name.starts_with('[')) return is_literal(name);
  const auto allowed = [](char c) { return base::is_alnum(c) || c == '.' || c == '-' || c == '_'; };
  return std::all_of(name.begin(), name.end(), allowed) &&
         std::any_of(name.begin(), name.end(), base::is_alnum);
}

smtp::Reply Session::answer_at_once(const smtp::Command& command) {
  switch (command.verb) {
    case smtp::Verb::ehlo:
      return on_ehlo(command.arguments);
    case smtp::Verb::helo:
      return on_helo(command.arguments);
    case smtp::Verb::mail:
      return on_mail(command.arguments);
    case smtp::Verb::rcpt:
      return on_rcpt(command.arguments);
    case smtp::Verb::vrfy:
      return on_vrfy(command.arguments);
    case smtp::Verb::help:
      return on_help();
    case smtp::Verb::quit:
      return on_quit();
    case smtp::Verb::xclient:
      return on_xclient(command.arguments);
    default:  // RSET and NOOP: what RSET undoes goes with the phase
      return smtp::reply(250, done, "Ok");
  }
}

smtp::Reply Session::on_ehlo(std::string_view name) {
  client_speaks_ = named_;
  if (!is_hello_name(name)) return refuse_hello_name();
  submitter_.hello_name = announced_.hello_name.value.value_or(std::string(name));
  submitter_.extended_smtp = true;
  const smtp::Facts now = facts();
  std::string text =
      fmt::format("{}\nPIPELINING\nSIZE {}\n8BITMIME\nSMTPUTF8\nDSN\nCHUNKING\nENHANCEDSTATUSCODES",
                  settings_.hostname, services_.intake.limits().message_octets_max);
  if (now.tls_offered && !now.tls_active) text += "\nSTARTTLS";
  if (now.auth_offered) text += "\nAUTH " + login_mechanisms();
  if (now.xclient_offered) text.append("\nXCLIENT ").append(smtp::xclient_attributes);
  return smtp::reply(250, std::move(text));
}

smtp::Reply Session::on_helo(std::string_view name) {
  client_speaks_ = named_;
  if (!is_hello_name(name)) return refuse_hello_name();
  submitter_.hello_name = announced_.hello_name.value.value_or(std::string(name));
  submitter_.extended_smtp = false;
  return smtp::reply(250, settings_.hostname);
}

smtp::Reply Session::on_mail(std::string_view arguments) {
  auto mail = smtp::parse_mail(arguments);
  if (!mail) return mail.error();
  if (!submitter_.authenticated) submitter_.sender_domains = settings_.trusted_sender_domains;
  if (std::optional<smtp::Reply> refused = refuse_mail(*mail)) return *refused;
  submitter_.stranger = is_stranger();
  submitter_.transaction = ++transactions_;
  arrival_ = services_.intake.start(submitter_, *std::move(mail));
  return smtp::reply(250, {2, 1, 0}, "Sender ok");
}

std::optional<smtp::Reply> Session::refuse_mail(const smtp::MailArguments& mail) {
  if (auto refused = services_.intake.refuse_now()) return refused;
  const uint64_t octets_max = services_.intake.limits().message_octets_max;
  if (mail.size_octets.value_or(0) > octets_max) return intake::too_large(octets_max);
  if (mail.sender)
    if (auto refused = refuse_unknown_script(*mail.sender, {5, 1, 7})) return refused;
  if (is_stranger()) return std::nullopt;
  if (auto refused = refuse_sender(submitter_.sender_domains, mail.sender)) return refused;
  return refuse_pace();
}

std::optional<smtp::Reply> Session::refuse_pace() {
  const unsigned per_minute = settings_.messages_per_login_per_minute;
  if (per_minute == 0 || !submitter_.authenticated) return std::nullopt;
  const Pace pace{std::chrono::duration_cast<Duration>(std::chrono::minutes(1)) / per_minute,
                  per_minute};
  const Duration wait =
      services_.clients.begin_message(submitter_.login, pace, services_.loop.now());
  if (wait == Duration(0)) return std::nullopt;
  return smtp::reply(
      451, {4, 7, 1},
      fmt::format("This login may send {} messages a minute; try again in {} s", per_minute,
                  std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

smtp::Reply Session::on_rcpt(std::string_view arguments) {
  auto rcpt = smtp::parse_rcpt(arguments, characters());
  if (!rcpt) return rcpt.error();
  if (auto refused = refuse_recipient(rcpt->recipient)) return *refused;
  if (auto refused = arrival_->add_recipient(std::move(rcpt->recipient), std::move(rcpt->dsn)))
    return *refused;
  return smtp::reply(250, {2, 1, 5}, "Recipient ok");
}

// <Postmaster> is the postmaster of our first domain (RFC 5321 §4.5.1), where we have one.
std::optional<smtp::Reply> Session::refuse_recipient(smtp::Mailbox& recipient) const {
  if (recipient.domain.empty() && !settings_.inbound.empty())
    recipient.domain = settings_.inbound.front().domains.front();
  if (auto refused = refuse_unknown_script(recipient, {5, 1, 3})) return refused;
  const bool is_stranger_here = arrival_->submitter().stranger;
  const bool is_local = settings_.local && settings_.local->owns(recipient.domain);
  if (is_local && (!is_stranger_here || settings_.strangers_to_local))
    return settings_.local->refuse(recipient);
  if (!is_stranger_here) return std::nullopt;
  return refuse_stranger(settings_.inbound, recipient);
}

smtp::Characters Session::characters() const {
  return arrival_ ? arrival_->characters() : smtp::Characters::ascii;
}

// RFC 5321 §7.3: nobody learns here who exists.
smtp::Reply Session::on_vrfy(std::string_view name) {
  if (name.empty()) return smtp::reply(501, bad_arguments, "VRFY needs a name");
  return smtp::reply(252, done, "Cannot verify; send the message and see");
}

smtp::Reply Session::on_help() {
  return smtp::reply(214, done,
                     "EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP\n"
                     "This is a Waypost relay; it sends mail for those who may log in");
}

smtp::Reply Session::on_quit() {
  ended_ = true;
  return smtp::reply(221, done, "Bye");
}

}  // namespace waypost::submission
