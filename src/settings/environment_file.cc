// A .env, as phpdotenv reads it: Laravel's MAIL_HOST=smtp.example.com, a URL, or others' names.
#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/code.h"
#include "settings/dialect.h"
#include "settings/django.h"
#include "settings/sheet.h"
#include "settings/switches.h"
#include "settings/symfony.h"
#include "settings/url.h"

namespace waypost::settings {
namespace {

// Editors of Windows put it before the first line, and phpdotenv passes over it.
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

struct Line {
  std::string_view key;
  size_t key_offset = 0;
  size_t offset = 0;  // of the value, quotes included
  size_t length = 0;
  std::string value;
  bool is_elsewhere = false;
  bool is_open = false;
};

// The octets of the literal at the start of `rest`, its quotes included.
size_t read_quoted(std::string_view rest, Line& line) {
  const char quote = rest.front();
  size_t at = 1;
  for (; at < rest.size() && rest[at] != quote; ++at) {
    if (quote == '"' && rest[at] == '\\' && at + 1 < rest.size()) ++at;
    line.value += rest[at];
  }
  line.is_open = at >= rest.size();
  if (quote == '"') line.is_elsewhere = line.value.find("${") != std::string::npos;
  return std::min(at + 1, rest.size());
}

Line line_in(std::string_view text, size_t start) {
  Line line;
  size_t begin = start == 0 && text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  begin = std::min(text.find_first_not_of(" \t", begin), text.size());
  if (text.substr(begin).starts_with("export ")) begin += 7;
  const size_t equals = text.find('=', begin);
  if (begin == text.size() || text[begin] == '#' || equals == std::string_view::npos) return line;
  line.key = base::trim(text.substr(begin, equals - begin));
  line.key_offset = start + begin;
  const size_t value = std::min(text.find_first_not_of(" \t", equals + 1), text.size());
  const std::string_view rest = text.substr(value);
  line.offset = start + value;
  if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
    line.length = read_quoted(rest, line);
    return line;
  }
  size_t comment = rest.find(" #");
  if (rest.starts_with('#')) comment = 0;
  line.value = base::trim(rest.substr(0, comment));
  line.length = line.value.size();
  line.is_elsewhere = line.value.find("${") != std::string::npos;
  if (base::equals_ignoring_case(line.value, "null") || line.value == "(null)") line.value.clear();
  return line;
}

// Of the settings that begin so, a program's own names for one thing, the usual first.
constexpr std::string_view prefixes[] = {"MAIL_", "SMTP_", "EMAIL_", "MAILER_"};
constexpr std::string_view host_names[] = {"HOST", "SERVER", "HOSTNAME"};
constexpr std::string_view user_names[] = {"USERNAME",      "USER",       "HOST_USER",
                                           "AUTH_USER",     "USER_NAME",  "LOGIN",
                                           "AUTH_USERNAME", "AUTH_LOGIN", "HOST_USERNAME"};
constexpr std::string_view password_names[] = {
    "PASSWORD", "PASS", "HOST_PASSWORD", "AUTH_PASS", "AUTH_PASSWORD", "PWD", "HOST_PASS"};
constexpr std::string_view from_names[] = {"FROM_ADDRESS", "FROM", "FROM_EMAIL", "DEFAULT_SENDER"};

template <size_t n>
const Sheet::Entry* first_of(const Sheet& sheet, std::string_view prefix,
                             const std::string_view (&names)[n]) {
  for (const std::string_view name : names)
    if (const Sheet::Entry* entry = sheet.find(fmt::format("{}{}", prefix, name))) return entry;
  return nullptr;
}

Result<void> collect(const SourceText& source, const Settings& settings, Sheet& sheet) {
  for (size_t i = 0; i < source.line_count(); ++i) {
    Line line = line_in(source.line(i), source.line_start(i));
    const bool is_mail =
        std::any_of(std::begin(prefixes), std::end(prefixes),
                    [&](std::string_view prefix) { return line.key.starts_with(prefix); });
    if (!is_mail) continue;
    if (line.is_open)
      return complaint(settings, source.place(line.offset, 0),
                       "the quote that opens here is not closed");
    const bool is_secret = is_secret_name(line.key) || line.key.ends_with("PASSWORD") ||
                           line.key.ends_with("URL") || line.key.ends_with("DSN");
    sheet.add({line.key, line.key_offset, line.offset, line.length, line.value, line.is_elsewhere},
              is_secret && !line.is_elsewhere);
    base::Secret::wipe(line.value);
  }
  return {};
}

// Only these count from now on.
Result<void> keep(std::string_view prefix, Sheet& sheet, Settings& settings) {
  std::vector<size_t> kept;
  for (size_t i = 0; i < sheet.size(); ++i)
    if (sheet[i].assignment.key.starts_with(prefix)) kept.push_back(i);
  if (!sheet.is_full()) sheet.keep(kept);
  return sheet.hand_over(settings);
}

// Whether Laravel sends by SMTP at all.
bool notice_mailer(const Sheet& sheet, Settings& settings) {
  constexpr std::string_view keepers[] = {"log", "array", "null"};
  constexpr std::string_view others[] = {"ses",    "ses-v2",   "mailgun", "postmark",
                                         "resend", "sendmail", "mailjet", "sendgrid"};
  const std::string_view key = sheet.find("MAIL_MAILER") ? "MAIL_MAILER" : "MAIL_DRIVER";
  const std::string mailer = base::to_lower(sheet.value(key));
  const auto is_among = [&mailer](const auto& names) {
    return std::find(std::begin(names), std::end(names), mailer) != std::end(names);
  };
  const bool keeps = is_among(keepers);
  if (!keeps && !is_among(others)) return true;
  settings.notices.push_back(
      {sheet.find(key)->assignment.place,
       fmt::format("{}={}: {}; the settings of a server are not used while it is so", key, mailer,
                   keeps ? "Laravel sends nothing over SMTP, the mail stays here"
                         : "Laravel sends another way, and not by these settings")});
  return false;
}

// What Symfony and Laravel do where the URL has no port, and with 465. Nodemailer, which reads the
// others, takes smtp:// for STARTTLS at every port.
void settle_port(std::string_view key, Settings& settings) {
  const unsigned without = key == "MAIL_URL" ? 2525 : key == "MAILER_DSN" ? 25 : 587;
  const bool is_implicit = settings.encryption.value == Encryption::implicit;
  if (!settings.port.is_written() && !is_implicit) settings.port.value = without;
  if (settings.port.value != 465 || without == 587) return;
  settings.encryption.value = Encryption::implicit;
  settings.is_opportunistic = false;
}

// Where the URL that begins at `begin` ends: a blank or a ")" may be part of its password, but in
// front of the next URL of failover(a b) and at its end.
size_t location_end(std::string_view written, size_t begin) {
  const bool is_one_of_several = written.substr(0, begin).find('(') != std::string_view::npos;
  const size_t next = written.find("://", written.find("://", begin) + 1);
  const size_t between = written.rfind(' ', next);
  const size_t closing =
      is_one_of_several ? written.rfind(')') : written.find_first_of("\"'", begin);
  const bool is_last = next == std::string_view::npos || between == std::string_view::npos;
  return std::min(is_last || between < begin ? closing : between, written.size());
}

// The SMTP server in a MAIL_URL or MAILER_DSN; of failover(a b) the first.
Result<void> read_location(const SourceText& source, const Sheet::Entry& entry,
                           Settings& settings) {
  const Place& place = entry.assignment.place;
  const std::string_view written = source.text().substr(place.offset, place.length);
  const size_t begin = std::min(written.find("smtp://"), written.find("smtps://"));
  if (entry.is_elsewhere || begin == std::string_view::npos) {
    const bool is_null = written.find("null://") != std::string_view::npos;
    return complaint(
        settings, place,
        fmt::format("{} {}: name the server, waypost doctor HOST", entry.assignment.key,
                    entry.is_elsewhere ? "comes from another variable"
                    : is_null          ? "sends nothing over SMTP (null://)"
                                       : "has no smtp:// or smtps:// server"));
  }
  const size_t end = location_end(written, begin);
  settings.notices.push_back({source.place(place.offset, place.length, true),
                              fmt::format("the server is taken from {}{}", entry.assignment.key,
                                          begin > 1 ? ", the first that is there" : "")});
  TRY_VOID(read_url(source, place.offset + begin, end - begin, settings));
  settle_port(entry.assignment.key, settings);
  return settle_bridge(source, written.substr(0, end), begin, place, settings);
}

// The setting that names the server by a URL, where one does and counts. Laravel's own MAIL_URL
// goes before its MAIL_HOST, and what Symfony and others read counts where there is no MAIL_HOST.
const Sheet::Entry* location_in(const Sheet& sheet, Settings& settings) {
  constexpr std::string_view others[] = {"EMAIL_SERVER", "EMAIL_URL",  "MAIL_SERVER",
                                         "SMTP_SERVER",  "MAILER_URL", "SMTP_URL",
                                         "MAIL_DSN",     "SMTP_DSN",   "EMAIL_DSN"};
  const bool has_host = sheet.find("MAIL_HOST");
  const auto notice = [&](const Sheet::Entry& entry, std::string_view text) {
    settings.notices.push_back({entry.assignment.place, std::string(text)});
  };
  if (sheet.has("MAIL_URL")) {
    const Sheet::Entry* url = sheet.find("MAIL_URL");
    if (!has_host) return url;
    notice(*url,
           url->is_elsewhere
               ? "MAIL_URL comes from another variable, and goes before MAIL_HOST in Laravel; "
                 "taken is MAIL_HOST"
               : "Laravel takes MAIL_URL before MAIL_HOST, and so does this");
    return url->is_elsewhere ? nullptr : url;
  }
  if (sheet.has("MAILER_DSN")) {
    if (!has_host) return sheet.find("MAILER_DSN");
    notice(*sheet.find("MAILER_DSN"),
           "MAILER_DSN, which Symfony reads, is left out: taken is MAIL_HOST, Laravel's");
    return nullptr;
  }
  if (has_host) return nullptr;
  for (const std::string_view key : others) {
    const std::string_view value = sheet.value(key);
    if (value.starts_with("smtp://") || value.starts_with("smtps://")) return sheet.find(key);
  }
  return nullptr;
}

// A login under a name that is not known would be left out in silence.
void notice_unread_login(const Sheet& sheet, Settings& settings) {
  constexpr std::string_view signs[] = {"USER", "LOGIN", "PASS", "PWD"};
  if (settings.user.is_written()) return;
  for (size_t i = 0; i < sheet.size(); ++i) {
    const Assignment& each = sheet[i].assignment;
    const bool is_sign = std::any_of(
        std::begin(signs), std::end(signs),
        [&](std::string_view sign) { return each.key.find(sign) != std::string::npos; });
    if (!is_sign || (sheet[i].value.empty() && !sheet[i].is_elsewhere)) continue;
    settings.notices.push_back(
        {each.place, fmt::format("{} may be part of a login, and no user name is known by it: "
                                 "name it, --user NAME",
                                 each.key)});
    return;
  }
}

void read_login(const Sheet& sheet, std::string_view prefix, Settings& settings) {
  const Sheet::Entry* user = first_of(sheet, prefix, user_names);
  take(user, settings.user);
  take(first_of(sheet, prefix, password_names), settings.password);
  take(first_of(sheet, prefix, from_names), settings.from);
  take_as(user != nullptr && (user->is_elsewhere || !user->value.empty()), user, settings.login);
  notice_unread_login(sheet, settings);
}

// Names that are no framework's own; what they mean is guessed, and told.
Result<void> read_other_names(std::string_view prefix, Sheet& sheet, Settings& settings) {
  TRY_VOID(keep(prefix, sheet, settings));
  const Sheet::Entry* host = first_of(sheet, prefix, host_names);
  settings.notices.push_back(
      {host->assignment.place,
       fmt::format("no MAIL_HOST or MAILER_DSN: taken are {} and the like", host->assignment.key)});
  const std::string port = fmt::format("{}PORT", prefix);
  notice_backends(sheet, settings);
  notice_repeated(sheet, host->assignment.key, settings);
  notice_repeated(sheet, port, settings);
  take(host, settings.host);
  take_port(sheet.find(port), settings.port);
  read_login(sheet, prefix, settings);
  settings.check_certificate.value = true;
  fill_encryption(sheet, prefix, settings);
  return {};
}

Result<void> read_laravels_own(Sheet& sheet, Settings& settings) {
  TRY_VOID(keep("MAIL_", sheet, settings));
  notice_repeated(sheet, "MAIL_HOST", settings);
  notice_repeated(sheet, "MAIL_PORT", settings);
  settings.host.value = "127.0.0.1";
  take(sheet.find("MAIL_HOST"), settings.host);
  settings.port.value = 2525;
  take_port(sheet.find("MAIL_PORT"), settings.port);
  read_login(sheet, "MAIL_", settings);
  settings.check_certificate.value = true;
  fill_encryption(sheet, "MAIL_", settings);
  return {};
}

Result<void> read_laravel(const SourceText& source, std::string_view, Settings& settings) {
  Sheet sheet(source);
  TRY_VOID(collect(source, settings, sheet));
  const bool sends = notice_mailer(sheet, settings);
  const Sheet::Entry* location = location_in(sheet, settings);
  if (location) {
    take(sheet.find("MAIL_FROM_ADDRESS"), settings.from);
    return read_location(source, *location, settings);
  }
  if (sheet.find("MAIL_HOST")) return read_laravels_own(sheet, settings);
  for (const std::string_view prefix : prefixes)
    if (first_of(sheet, prefix, host_names)) return read_other_names(prefix, sheet, settings);
  const bool is_laravels = sheet.find("MAIL_MAILER") || sheet.find("MAIL_PORT");
  if (!is_laravels || !sends)
    return failure(ErrorCode::invalid_input,
                   fmt::format("{}: {}no MAIL_HOST, MAIL_URL, MAILER_DSN or SMTP_HOST: name the "
                               "server, waypost doctor HOST",
                               settings.file,
                               sends ? "" : "nothing is sent over SMTP by its MAIL_MAILER, and "));
  settings.notices.push_back(
      {{}, "no MAIL_HOST: taken is Laravel's default, 127.0.0.1, port 2525 without a MAIL_PORT"});
  return read_laravels_own(sheet, settings);
}

bool has_file_name(std::string_view file) {
  return file == ".env" || file.starts_with(".env.") || file.ends_with(".env");
}

bool has_content(std::string_view text) {
  const SourceText source(text);
  for (size_t i = 0; i < source.line_count(); ++i) {
    const std::string_view key = line_in(source.line(i), source.line_start(i)).key;
    for (const std::string_view known :
         {"MAIL_HOST", "MAIL_MAILER", "MAIL_DRIVER", "MAIL_URL", "MAILER_DSN"})
      if (key == known) return true;
  }
  return false;
}

// A value that needs no quotes stands without, as in Laravel's own example.
std::string bare_or_quoted(std::string_view text) {
  const bool is_bare = text.find_first_of(" \t#\"'\\$=") == std::string_view::npos;
  if (is_bare) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$') out += '\\';
    out += c;
  }
  return out + "\"";
}

// As the file itself calls what stands there.
std::string key_at(const Settings& settings, const Place& place, std::string_view otherwise) {
  for (const Assignment& each : settings.assignments)
    if (place.line != 0 && each.place.offset == place.offset) return each.key;
  return std::string(otherwise);
}

bool has_key(const Settings& settings, std::string_view key) {
  return std::any_of(settings.assignments.begin(), settings.assignments.end(),
                     [key](const Assignment& each) { return each.key == key; });
}

// The pairs of which one switch is for STARTTLS and the other for TLS at once.
std::optional<std::pair<std::string, std::string>> pair_of(const Settings& settings,
                                                           const std::string& key) {
  constexpr std::pair<std::string_view, std::string_view> pairs[] = {
      {"USE_TLS", "USE_SSL"}, {"STARTTLS", "SSL_TLS"}, {"_TLS", "_SSL"}};
  for (const auto& [tls, ssl] : pairs) {
    const std::string_view own = key.ends_with(tls) ? tls : key.ends_with(ssl) ? ssl : "";
    if (own.empty()) continue;
    const std::string stem = key.substr(0, key.size() - own.size());
    std::pair both{fmt::format("{}{}", stem, tls), fmt::format("{}{}", stem, ssl)};
    const bool is_pair = has_key(settings, both.first) && has_key(settings, both.second);
    if (is_pair || tls == "USE_TLS") return both;
    return std::nullopt;
  }
  return std::nullopt;
}

std::vector<Wanted> wanted_encryption(const Settings& settings, Encryption encryption) {
  const bool is_implicit = encryption == Encryption::implicit;
  const Place& place = settings.encryption.place;
  const std::string key = key_at(settings, place, "MAIL_ENCRYPTION");
  const bool is_python = place.raw == "True" || place.raw == "False";
  const auto yes = [is_python](bool on) {
    return on ? (is_python ? "True" : "true") : (is_python ? "False" : "false");
  };
  if (key == "MAIL_SCHEME") return {{key, is_implicit ? "smtps" : "smtp"}};
  const auto both = pair_of(settings, key);
  if (both)
    return {{both->first, yes(encryption == Encryption::starttls)},
            {both->second, yes(is_implicit)}};
  const std::string raw = base::to_lower(place.raw);
  const bool by_word = raw == "ssl" || raw == "tls" || raw == "starttls";
  if (key.ends_with("ENCRYPTION") || by_word) {
    const bool is_laravels =
        key_at(settings, settings.host.place, "MAIL_HOST").starts_with("MAIL_");
    if (!is_laravels && !settings.encryption.is_written()) return {};
    return {{key, is_implicit ? "ssl" : "tls"}};
  }
  if (key.ends_with("TLS")) return {{key, yes(encryption != Encryption::none)}};
  return {{key, yes(is_implicit)}};
}

std::vector<Wanted> write(const Settings& settings, const Change& change) {
  if (is_url(settings)) return write_url(settings, change);
  const std::string host = key_at(settings, settings.host.place, "MAIL_HOST");
  const std::string prefix = host.substr(0, host.find('_') + 1);
  std::vector<Wanted> wanted;
  if (change.host) wanted.push_back({host, bare_or_quoted(*change.host)});
  if (change.port) wanted.push_back({prefix + "PORT", std::to_string(*change.port)});
  if (change.encryption)
    for (Wanted& each : wanted_encryption(settings, *change.encryption))
      wanted.push_back(std::move(each));
  if (change.user)
    wanted.push_back(
        {key_at(settings, settings.user.place, prefix + "USERNAME"), bare_or_quoted(*change.user)});
  return wanted;
}

std::string statement(const Settings&, const Assignment&, const Wanted& wanted) {
  return fmt::format("{}={}", wanted.key, wanted.literal);
}

}  // namespace

const Form laravel_form{Dialect::laravel, "Laravel .env", has_file_name, has_content,
                        read_laravel,     write,          statement};

}  // namespace waypost::settings
