// PHPMailer: `$mail->Host = '...';` and its like, wherever they stand in a PHP text.
#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/code.h"
#include "settings/dialect.h"

namespace waypost::settings {
namespace {

constexpr std::string_view properties[] = {"Host",     "Port",       "SMTPSecure", "SMTPAutoTLS",
                                           "SMTPAuth", "Username",   "Password",   "AuthType",
                                           "From",     "SMTPOptions"};

// Of `$this->mail->Host` the whole, whose last name is token `index`.
size_t chain_start(const Code& code, size_t index) {
  while (index >= 2 && code.is(index - 1, "->") && code.is_name(index - 2)) index -= 2;
  return code.tokens()[index].offset;
}

Result<void> collect(const Code& code, const Settings& settings, Sheet& sheet) {
  for (size_t i = 2; i + 2 < code.size(); ++i) {
    if (!code.is(i - 1, "->") || !code.is_name(i)) continue;
    const std::string_view property = code.text(i);
    const bool is_known =
        std::find(std::begin(properties), std::end(properties), property) != std::end(properties);
    const size_t begin = i + 2;
    if (property == "setFrom" ? code.is(i + 1, "(") : is_known && code.is(i + 1, "="))
      TRY_VOID(code.add(sheet, settings, property, chain_start(code, i), begin,
                        code.expression_end(begin)));
  }
  return {};
}

// How the file chooses the way of the mail. PHP does not mind the case of a method or a class, but
// that of a property.
struct Ways {
  std::optional<size_t> other;  // $mail->isMail() and its like
  bool has_smtp = false;        // $mail->isSMTP(), or a Mailer that may say so
  std::optional<size_t> made;   // new PHPMailer
};

// Whether `new` stands in front of the class, whose name may be \PHPMailer\PHPMailer\PHPMailer.
bool is_made(const Code& code, size_t index) {
  while (index >= 2 && code.is(index - 1, "\\") && code.is_name(index - 2) &&
         !base::equals_ignoring_case(code.text(index - 2), "new"))
    index -= 2;
  if (index >= 1 && code.is(index - 1, "\\")) --index;
  return index >= 1 && base::equals_ignoring_case(code.text(index - 1), "new");
}

Ways ways_in(const Code& code) {
  constexpr std::string_view others[] = {"ismail", "issendmail", "isqmail"};
  Ways ways;
  for (size_t i = 1; i < code.size(); ++i) {
    if (!code.is_name(i)) continue;
    const std::string name = base::to_lower(code.text(i));
    const bool is_member = code.is(i - 1, "->") || code.is(i - 1, "::");
    const bool is_other = std::find(std::begin(others), std::end(others), name) != std::end(others);
    if (is_member && is_other && code.is(i + 1, "(") && !ways.other) ways.other = i;
    ways.has_smtp |= is_member && (name == "issmtp" || code.is(i, "Mailer"));
    if (name == "phpmailer" && is_made(code, i)) ways.made = i;
  }
  return ways;
}

// PHPMailer sends by PHP's mail() until it is told otherwise, which another file may do.
void notice_ways(const SourceText& source, const Code& code, Settings& settings) {
  const Ways ways = ways_in(code);
  if (ways.has_smtp || !(ways.other || ways.made)) return;
  const Token& token = code.tokens()[ways.other.value_or(ways.made.value_or(0))];
  settings.notices.push_back(
      {source.place(token.offset, token.length),
       fmt::format(
           "{}: without isSMTP(), which is not called in this file, PHPMailer sends nothing "
           "by these settings of a server",
           ways.other ? "the mail goes another way with this" : "it is made here")});
}

// SMTPOptions is an array of arrays; only the one switch that turns checks off is of interest.
void find_check(const Code& code, Sheet& sheet, Settings& settings) {
  settings.check_certificate.value = true;
  const Sheet::Entry* options = sheet.find("SMTPOptions");
  if (!options) return;
  for (size_t i = 0; i + 2 < code.size(); ++i) {
    if (!code.is_text(i) || !code.is(i + 1, "=>") || code.literal(i) != "verify_peer") continue;
    const Token& value = code.tokens()[i + 2];
    sheet.add({"verify_peer", value.offset, value.offset, value.length,
               base::to_lower(code.text(i + 2)), false});
    take_as(sheet.value("verify_peer") != "false", sheet.find("verify_peer"),
            settings.check_certificate);
    return;
  }
}

void fill_encryption(const Sheet& sheet, Settings& settings) {
  const std::string secure = base::to_lower(sheet.value("SMTPSecure"));
  const Sheet::Entry* entry = sheet.find("SMTPSecure");
  if (entry && entry->is_elsewhere)
    take_as(Encryption::unset, entry, settings.encryption);
  else if (secure == "ssl" || secure == "encryption_smtps")
    take_as(Encryption::implicit, entry, settings.encryption);
  else if (secure == "tls" || secure == "encryption_starttls")
    take_as(Encryption::starttls, entry, settings.encryption);
  else if (sheet.value("SMTPAutoTLS") == "false")
    take_as(Encryption::none, sheet.find("SMTPAutoTLS"), settings.encryption);
  else
    take_as(Encryption::starttls, entry, settings.encryption), settings.is_opportunistic = true;
}

// The host may be a list, "tls://a:587;b", whose first is tried first. What stands there holds in
// the place of Port and SMTPSecure.
void take_first_host(const Sheet::Entry* entry, Settings& settings) {
  if (!settings.host.is_known()) return;
  std::string_view host = settings.host.value;
  const size_t next = host.find(';');
  if (next != std::string_view::npos) host = base::trim(host.substr(0, next));
  Encryption encryption = Encryption::unset;
  if (host.starts_with("ssl://")) encryption = Encryption::implicit;
  if (host.starts_with("tls://")) encryption = Encryption::starttls;
  if (encryption != Encryption::unset) host.remove_prefix(6);
  const size_t colon = host.find(':');
  const unsigned port =
      colon == std::string_view::npos || colon == 0 ? 0 : number_in(host.substr(colon + 1));
  if (port != 0) host = host.substr(0, colon);
  // Anything else is no form of PHPMailer's.
  if (host.empty() || host.find_first_of("/@") != std::string_view::npos) return;
  if (port != 0) take_as(port, entry, settings.port);
  if (encryption != Encryption::unset) {
    take_as(encryption, entry, settings.encryption);
    settings.is_opportunistic = false;
  }
  settings.host.value = std::string(host);
}

// A host with its port or others beside it is taken apart before anything of it changes.
Change whole_change(const Settings& settings, const Change& change) {
  const Place& host = settings.host.place;
  const bool is_plain =
      !settings.host.is_known() || host.raw.find_first_of(";:") == std::string::npos;
  if (is_plain || (!change.host && !change.port && !change.encryption)) return change;
  const auto stands_there = [&](const Place& place) {
    return place.line != 0 && place.offset == host.offset;
  };
  Change whole = change;
  if (!whole.host) whole.host = settings.host.value;
  if (!whole.port && stands_there(settings.port.place)) whole.port = settings.port.value;
  if (!whole.encryption && stands_there(settings.encryption.place))
    whole.encryption = settings.encryption.value;
  return whole;
}

Result<void> read_phpmailer(const SourceText& source, std::string_view, Settings& settings) {
  const Code code(source, Language::php);
  Sheet sheet(source);
  TRY_VOID(collect(code, settings, sheet));
  find_check(code, sheet, settings);
  TRY_VOID(sheet.hand_over(settings));
  notice_ways(source, code, settings);
  for (const std::string_view key : {"Host", "Port"}) notice_repeated(sheet, key, settings);
  take(sheet.find("Host"), settings.host);
  settings.port.value = 25;
  take_port(sheet.find("Port"), settings.port);
  take(sheet.find("Username"), settings.user);
  take(sheet.find("Password"), settings.password);
  take_as(sheet.value("SMTPAuth") == "true", sheet.find("SMTPAuth"), settings.login);
  take(sheet.find("AuthType"), settings.mechanism);
  take(sheet.find(sheet.find("setFrom") ? "setFrom" : "From"), settings.from);
  fill_encryption(sheet, settings);
  take_first_host(sheet.find("Host"), settings);
  return {};
}

bool has_file_name(std::string_view) { return false; }

bool has_content(std::string_view text) {
  const SourceText source(text);
  const Code code(source, Language::php);
  for (size_t i = 0; i + 3 < code.size(); ++i) {
    const std::string_view property = code.text(i + 2);
    if (code.is(i + 1, "->") && code.text(i).starts_with('$') && code.is(i + 3, "=") &&
        (property == "Host" || property == "SMTPSecure" || property == "SMTPAuth"))
      return true;
  }
  return false;
}

std::vector<Wanted> write(const Settings& settings, const Change& asked) {
  const Change change = whole_change(settings, asked);
  std::vector<Wanted> wanted;
  if (change.host) wanted.push_back({"Host", quoted(*change.host)});
  if (change.port) wanted.push_back({"Port", std::to_string(*change.port)});
  if (change.encryption) {
    const bool is_encrypted = *change.encryption != Encryption::none;
    const bool is_implicit = *change.encryption == Encryption::implicit;
    wanted.push_back({"SMTPSecure", !is_encrypted ? "''" : is_implicit ? "'ssl'" : "'tls'"});
    if (!is_encrypted) wanted.push_back({"SMTPAutoTLS", "false"});
  }
  if (change.user) wanted.push_back({"Username", quoted(*change.user)});
  return wanted;
}

std::string statement(const Settings& settings, const Assignment& beside, const Wanted& wanted) {
  const std::string_view text = settings.text.reveal();
  const std::string_view chain =
      text.substr(beside.key_offset, beside.place.offset - beside.key_offset);
  return fmt::format("{}->{} = {};", chain.substr(0, chain.rfind("->")), wanted.key,
                     wanted.literal);
}

}  // namespace

const Form phpmailer_form{Dialect::phpmailer, "PHPMailer", has_file_name, has_content,
                          read_phpmailer,     write,       statement};

}  // namespace waypost::settings
