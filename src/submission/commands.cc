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

// Wider than RFC 5321 §4.1.2, since many computers have such names, and narrow enough for a header
// or a log. What it resolves to is nobody's business (RFC 5321 §4.1.4).
bool is_hello_name(std::string_view name) {
  if (name.size() > smtp::domain_octets_max) return false;
  if (name.starts_with('[')) return is_literal(name);
  const auto allowed = [](char c) { return base::is_alnum(c) || c == '.' || c == '-' || c == '_'; };
  return std::all_of(name.begin(), name.end(), allowed) &&
         std::any_of(name.begin(), name.end(), base::is_alnum);
}

smtp::Reply refuse_hello_name() {
  return smtp::reply(501, bad_arguments,
                     "Say who you are: EHLO with your host name or [address], of letters, digits, "
                     "dots and hyphens");
}

}  // namespace

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
    default:  // RSET and NOOP: what RSET undoes goes with the phase
      return smtp::reply(250, done, "Ok");
  }
}

smtp::Reply Session::on_ehlo(std::string_view name) {
  if (!is_hello_name(name)) return refuse_hello_name();
  submitter_.hello_name = name;
  submitter_.extended_smtp = true;
  const smtp::Facts now = facts();
  std::string text = fmt::format("{}\nPIPELINING\nSIZE {}\n8BITMIME\nENHANCEDSTATUSCODES",
                                 settings_.hostname, services_.intake.limits().message_octets_max);
  if (now.tls_offered && !now.tls_active) text += "\nSTARTTLS";
  if (now.auth_offered) text += "\nAUTH " + login_mechanisms();
  return smtp::reply(250, std::move(text));
}

smtp::Reply Session::on_helo(std::string_view name) {
  if (!is_hello_name(name)) return refuse_hello_name();
  submitter_.hello_name = name;
  submitter_.extended_smtp = false;
  return smtp::reply(250, settings_.hostname);
}

smtp::Reply Session::on_mail(std::string_view arguments) {
  auto mail = smtp::parse_mail(arguments);
  if (!mail) return mail.error();
  if (std::optional<smtp::Reply> refused = services_.intake.refuse_now()) return *refused;
  const uint64_t octets_max = services_.intake.limits().message_octets_max;
  if (mail->size_octets.value_or(0) > octets_max) return intake::too_large(octets_max);
  arrival_ = services_.intake.start(submitter_, std::move(mail->sender), mail->body);
  return smtp::reply(250, {2, 1, 0}, "Sender ok");
}

smtp::Reply Session::on_rcpt(std::string_view arguments) {
  auto rcpt = smtp::parse_rcpt(arguments);
  if (!rcpt) return rcpt.error();
  if (auto refused = arrival_->add_recipient(std::move(rcpt->recipient))) return *refused;
  return smtp::reply(250, {2, 1, 5}, "Recipient ok");
}

// RFC 5321 §7.3: nobody learns here who exists.
smtp::Reply Session::on_vrfy(std::string_view name) {
  if (name.empty()) return smtp::reply(501, bad_arguments, "VRFY needs a name");
  return smtp::reply(252, done, "Cannot verify; send the message and see");
}

smtp::Reply Session::on_help() {
  return smtp::reply(214, done,
                     "EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP QUIT VRFY HELP\n"
                     "This is a Waypost relay; it sends mail for those who may log in");
}

smtp::Reply Session::on_quit() {
  ended_ = true;
  return smtp::reply(221, done, "Bye");
}

}  // namespace waypost::submission
