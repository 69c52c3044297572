// Nodemailer: the options object or the URL that createTransport() is given, in JavaScript,
// TypeScript or JSON.
#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/code.h"
#include "settings/dialect.h"
#include "settings/objects.h"
#include "settings/url.h"

namespace waypost::settings {
namespace {

constexpr size_t candidates_max = 50;

constexpr std::string_view options[] = {"host",
                                        "port",
                                        "secure",
                                        "requireTLS",
                                        "ignoreTLS",
                                        "service",
                                        "auth.user",
                                        "auth.pass",
                                        "auth.type",
                                        "tls.rejectUnauthorized",
                                        "auth.accessToken",
                                        "authMethod",
                                        "from"};

// By which Nodemailer knows no login, though they look like one: it wants auth.user and auth.pass.
constexpr std::string_view other_users[] = {"auth.username", "auth.userName", "auth.email",
                                            "auth.login"};
constexpr std::string_view other_passwords[] = {"auth.password", "auth.passwd", "auth.pwd"};

template <size_t n>
bool is_among(std::string_view path, const std::string_view (&paths)[n]) {
  return std::find(std::begin(paths), std::end(paths), path) != std::end(paths);
}

// The braces with a `host`, `service` or `auth` of their own, in the order of the text.
std::vector<size_t> candidates(const Code& code) {
  std::vector<size_t> open;
  std::vector<size_t> found;
  for (size_t i = 0; i < code.size() && found.size() < candidates_max; ++i) {
    if (code.is(i, "{")) open.push_back(i);
    if (code.is(i, "}") && !open.empty()) open.pop_back();
    if (open.empty() || !(code.is(i + 1, ":") || code.is(i + 1, ",") || code.is(i + 1, "}")))
      continue;
    std::string_view key = code.text(i);
    if (code.is_text(i)) key = key.substr(1, key.size() - 2);
    if ((key == "host" || key == "service" || key == "auth") &&
        (found.empty() || std::find(found.begin(), found.end(), open.back()) == found.end()))
      found.push_back(open.back());
  }
  return found;
}

// How much an object looks like mail options: other programs have a host and a port as well.
int likeness(const Code& code, size_t open) {
  int points = 0;
  for (size_t back = 1; back <= 3 && back <= open; ++back)
    if (code.is(open - back, "createTransport")) points += 8;
  for (const Member& member : members_of(code, open)) {
    if (member.path == "secure" || member.path == "requireTLS" || member.path == "service")
      ++points;
    if (member.path == "auth.user" || member.path == "auth.pass") points += 2;
    if (member.path == "host" && code.is_text(member.begin) &&
        (code.literal(member.begin).find("smtp") != std::string::npos ||
         code.literal(member.begin).find("mail") != std::string::npos))
      points += 2;
    if (member.path == "database" || member.path == "dialect") points -= 4;
  }
  return points;
}

// `others`, where not null, gets those that look like mail options, too.
std::optional<size_t> best_object(const Code& code, std::vector<size_t>* others = nullptr) {
  std::optional<size_t> best;
  int most = 0;
  for (const size_t open : candidates(code)) {
    const int points = likeness(code, open);
    if (others && points > 0) others->push_back(open);
    if (best && points <= most) continue;
    best = open;
    most = points;
  }
  return best;
}

// The text of createTransport("smtps://...").
std::optional<size_t> url_text(const Code& code) {
  for (size_t i = 0; i < code.size(); ++i) {
    if (!code.is_text(i)) continue;
    const std::string inside = code.literal(i);
    if (inside.starts_with("smtp://") || inside.starts_with("smtps://")) return i;
  }
  return std::nullopt;
}

Result<void> collect(const Code& code, size_t open, const Settings& settings, Sheet& sheet) {
  for (const Member& member : members_of(code, open)) {
    const bool is_known = is_among(member.path, options) || is_among(member.path, other_users);
    const size_t offset = code.tokens()[member.key].offset;
    if (member.path == "secure")
      TRY_VOID(code.add_switch(sheet, settings, member.path, offset, member.begin, member.end));
    else if (is_known || is_secret_name(member.path))
      TRY_VOID(code.add(sheet, settings, member.path, offset, member.begin, member.end));
  }
  return {};
}

// As Nodemailer decides: 465 without `secure` is implicit TLS; otherwise STARTTLS where offered.
void fill_encryption(const Sheet& sheet, Settings& settings) {
  const Sheet::Entry* secure = sheet.find("secure");
  const std::string_view word = sheet.value("secure");
  if (secure && secure->is_elsewhere)
    return take_as(Encryption::unset, secure, settings.encryption);
  if (word == "true" || (!secure && settings.port.value == 465))
    return take_as(Encryption::implicit, secure, settings.encryption);
  if (sheet.value("requireTLS") == "true")
    return take_as(Encryption::starttls, sheet.find("requireTLS"), settings.encryption);
  if (sheet.value("ignoreTLS") == "true")
    return take_as(Encryption::none, sheet.find("ignoreTLS"), settings.encryption);
  take_as(Encryption::starttls, secure, settings.encryption);
  settings.is_opportunistic = true;
}

void fill(const Sheet& sheet, Settings& settings) {
  settings.host.value = "localhost";
  take(sheet.find("host"), settings.host);
  take(sheet.find("service"), settings.service);
  settings.port.value = sheet.value("secure") == "true" ? 465 : 587;
  take_port(sheet.find("port"), settings.port);
  take(sheet.find("auth.user"), settings.user);
  take(sheet.find("auth.pass"), settings.password);
  // What is logged in with, where it is a token.
  if (sheet.value("auth.type") == "OAuth2" && !sheet.has("auth.pass"))
    take(sheet.find("auth.accessToken"), settings.password);
  take(sheet.find(sheet.find("authMethod") ? "authMethod" : "auth.type"), settings.mechanism);
  take(sheet.find("from"), settings.from);
  take_as(sheet.has("auth.user"), sheet.find("auth.user"), settings.login);
  const Sheet::Entry* check = sheet.find("tls.rejectUnauthorized");
  take_as(sheet.value("tls.rejectUnauthorized") != "false", check, settings.check_certificate);
  fill_encryption(sheet, settings);
}

// Nodemailer fails with "Missing credentials" then, or logs in nowhere.
template <size_t n>
void notice_other_name(const Sheet& sheet, const std::string_view (&others)[n],
                       std::string_view wanted, Settings& settings) {
  // A method of its own may have names of its own, and OAuth2 has.
  if (sheet.find(wanted) || sheet.find("auth.type")) return;
  for (size_t i = 0; i < sheet.size(); ++i) {
    const Assignment& written = sheet[i].assignment;
    if (!is_among(written.key, others)) continue;
    settings.notices.push_back(
        {written.place,
         fmt::format("{} is no name of Nodemailer's, which takes {}: it does not log in with this",
                     written.key, wanted)});
    return;
  }
}

void notice_several(const SourceText& source, const Code& code, size_t taken,
                    const std::vector<size_t>& all, Settings& settings) {
  std::string others;
  const auto place_of = [&](size_t open) { return source.place(code.tokens()[open].offset, 1); };
  for (const size_t open : all)
    if (open != taken)
      others += fmt::format("{}{}", others.empty() ? "" : ", ", place_of(open).line);
  if (others.empty()) return;
  settings.notices.push_back(
      {place_of(taken),
       fmt::format("taken are the options that begin here; those of line {} are left out",
                   others)});
}

Result<void> read_nodemailer(const SourceText& source, std::string_view, Settings& settings) {
  const Code code(source, Language::javascript);
  Sheet sheet(source);
  std::vector<size_t> transports;
  if (const auto open = best_object(code, &transports)) {
    notice_several(source, code, *open, transports, settings);
    TRY_VOID(collect(code, *open, settings, sheet));
    TRY_VOID(sheet.hand_over(settings));
    notice_true_text(sheet, "secure", settings);
    notice_other_name(sheet, other_users, "auth.user", settings);
    notice_other_name(sheet, other_passwords, "auth.pass", settings);
    fill(sheet, settings);
    return {};
  }
  const auto text = url_text(code);
  if (!text)
    return failure(ErrorCode::invalid_input,
                   fmt::format("{}: no options with a `host` or a `service`, and no smtp:// URL",
                               settings.file));
  const Token& token = code.tokens()[*text];
  return read_url(source, token.offset + 1, token.length - 2, settings);
}

bool has_file_name(std::string_view) { return false; }

bool has_content(std::string_view text) {
  const SourceText source(text);
  const Code code(source, Language::javascript);
  const auto open = best_object(code);
  return (open && likeness(code, *open) > 0) || url_text(code);
}

std::vector<Wanted> write(const Settings& settings, const Change& change) {
  if (is_url(settings)) return write_url(settings, change);
  std::vector<Wanted> wanted;
  if (change.host) wanted.push_back({"host", quoted(*change.host)});
  if (change.port) wanted.push_back({"port", std::to_string(*change.port)});
  if (change.encryption) {
    const auto on = [](bool is_on) { return is_on ? "true" : "false"; };
    const auto is_written = [&](std::string_view key) {
      return std::any_of(settings.assignments.begin(), settings.assignments.end(),
                         [&](const Assignment& each) { return each.key == key; });
    };
    wanted.push_back({"secure", on(*change.encryption == Encryption::implicit)});
    const bool is_starttls = *change.encryption == Encryption::starttls;
    if (is_starttls || is_written("requireTLS")) wanted.push_back({"requireTLS", on(is_starttls)});
    const bool is_none = *change.encryption == Encryption::none;
    if (is_none || is_written("ignoreTLS")) wanted.push_back({"ignoreTLS", on(is_none)});
  }
  if (change.user) wanted.push_back({"auth.user", quoted(*change.user)});
  return wanted;
}

// A nested key that is not there cannot be put beside one that is not nested.
std::string statement(const Settings& settings, const Assignment& beside, const Wanted& wanted) {
  const bool is_json = settings.text.reveal()[beside.key_offset] == '"';
  const std::string literal =
      wanted.key == "auth.user" ? fmt::format("{{ user: {} }}", wanted.literal) : wanted.literal;
  const std::string_view key = wanted.key == "auth.user" ? "auth" : std::string_view(wanted.key);
  return is_json ? fmt::format("\"{}\": {},", key, literal) : fmt::format("{}: {},", key, literal);
}

}  // namespace

const Form nodemailer_form{Dialect::nodemailer, "Nodemailer", has_file_name, has_content,
                           read_nodemailer,     write,        statement};

}  // namespace waypost::settings
