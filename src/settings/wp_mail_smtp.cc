// WP Mail SMTP: constants in wp-config.php, define( 'WPMS_SMTP_HOST', '...' ), or the settings as
// the plugin exports them in JSON: {"mail": {...}, "smtp": {...}}.
#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/code.h"
#include "settings/dialect.h"
#include "settings/objects.h"

namespace waypost::settings {
namespace {

// What a value is called in either form.
struct Names {
  std::string_view constant;
  std::string_view member;
};
constexpr Names host{"WPMS_SMTP_HOST", "smtp.host"};
constexpr Names port{"WPMS_SMTP_PORT", "smtp.port"};
constexpr Names encryption{"WPMS_SSL", "smtp.encryption"};
constexpr Names auto_tls{"WPMS_SMTP_AUTOTLS", "smtp.autotls"};
constexpr Names login{"WPMS_SMTP_AUTH", "smtp.auth"};
constexpr Names user{"WPMS_SMTP_USER", "smtp.user"};
constexpr Names password{"WPMS_SMTP_PASS", "smtp.pass"};
constexpr Names from{"WPMS_MAIL_FROM", "mail.from_email"};
constexpr Names mailer{"WPMS_MAILER", "mail.mailer"};
constexpr Names switched_on{"WPMS_ON", ""};  // whether the constants count
constexpr Names all[] = {host, port,     encryption, auto_tls, login,
                         user, password, from,       mailer,   switched_on};

const Sheet::Entry* find(const Sheet& sheet, const Names& names) {
  const Sheet::Entry* constant = sheet.find(names.constant);
  return constant ? constant : sheet.find(names.member);
}

std::string_view value(const Sheet& sheet, const Names& names) {
  return sheet.value(sheet.find(names.constant) ? names.constant : names.member);
}

Result<void> collect_constants(const Code& code, const Settings& settings, Sheet& sheet) {
  for (size_t i = 0; i + 4 < code.size(); ++i) {
    if (!code.is(i, "define") || !code.is(i + 1, "(") || !code.is_text(i + 2) ||
        !code.is(i + 3, ","))
      continue;
    const std::string name = code.literal(i + 2);
    const bool is_known = std::any_of(std::begin(all), std::end(all),
                                      [&](const Names& names) { return names.constant == name; });
    if (is_known || is_secret_name(name))
      TRY_VOID(code.add(sheet, settings, name, code.tokens()[i].offset, i + 4,
                        code.expression_end(i + 4)));
  }
  return {};
}

// The export may be wrapped in an object of its own: paths are compared by their ends.
bool is_at(const Member& member, std::string_view path) {
  return member.path == path || member.path.ends_with("." + std::string(path));
}

Result<void> collect_members(const Code& code, const Settings& settings, Sheet& sheet) {
  if (!code.is(0, "{")) return {};
  for (const Member& member : members_of(code, 0)) {
    for (const Names& names : all)
      if (!names.member.empty() && is_at(member, names.member))
        TRY_VOID(code.add(sheet, settings, names.member, code.tokens()[member.key].offset,
                          member.begin, member.end));
  }
  return {};
}

// The plugin compares WPMS_ON with true, and not with what PHP takes for true.
bool are_switched_on(const Sheet::Entry& entry) {
  return entry.is_elsewhere || base::equals_ignoring_case(entry.assignment.place.raw, "true");
}

// Whether they count.
bool notice_constants(const Sheet& sheet, Settings& settings) {
  const Sheet::Entry* on = sheet.find(switched_on.constant);
  if (on == nullptr && sheet.find(host.constant) != nullptr)
    settings.notices.push_back({{},
                                "no WPMS_ON: WP Mail SMTP uses these constants only where "
                                "define( 'WPMS_ON', true ) stands, too"});
  if (on == nullptr || are_switched_on(*on)) return true;
  settings.notices.push_back(
      {on->assignment.place,
       "WPMS_ON is not true: WP Mail SMTP uses none of these constants while it is so, but what "
       "is set in its pages"});
  return false;
}

// With "mail" the plugin sends by PHP's own mail(), with others by the HTTP of a provider.
void notice_mailer(const Sheet& sheet, Settings& settings) {
  const std::string_view word = value(sheet, mailer);
  if (word.empty() || word == "smtp") return;
  const Assignment& said = find(sheet, mailer)->assignment;
  settings.notices.push_back(
      {said.place, fmt::format("{} is {}, and not by these settings; the settings of a server are "
                               "not used while it is so",
                               said.key,
                               word == "mail" ? "mail: WP Mail SMTP sends by PHP's mail()"
                                              : "not smtp: WP Mail SMTP sends another way")});
}

Result<void> read_wp(const SourceText& source, std::string_view, Settings& settings) {
  const Code code(source, Language::php);
  Sheet sheet(source);
  TRY_VOID(collect_constants(code, settings, sheet));
  TRY_VOID(collect_members(code, settings, sheet));
  TRY_VOID(sheet.hand_over(settings));
  if (notice_constants(sheet, settings)) notice_mailer(sheet, settings);
  take(find(sheet, host), settings.host);
  settings.port.value = 25;
  take_port(find(sheet, port), settings.port);
  take(find(sheet, user), settings.user);
  take(find(sheet, password), settings.password);
  take(find(sheet, from), settings.from);
  const std::string_view logs_in = value(sheet, login);
  take_as(logs_in == "true" || logs_in == "1" || logs_in == "yes", find(sheet, login),
          settings.login);
  settings.check_certificate.value = true;
  const std::string_view kind = value(sheet, encryption);
  const std::string_view automatic = value(sheet, auto_tls);
  const Sheet::Entry* said = find(sheet, encryption);
  if (said && said->is_elsewhere) {
    take_as(Encryption::unset, said, settings.encryption);
  } else if (kind == "ssl" || kind == "tls") {
    take_as(kind == "ssl" ? Encryption::implicit : Encryption::starttls, said, settings.encryption);
  } else if (automatic == "false" || automatic == "0" || automatic == "no") {
    take_as(Encryption::none, said, settings.encryption);
  } else {
    take_as(Encryption::starttls, said, settings.encryption);
    settings.is_opportunistic = true;
  }
  return {};
}

bool has_file_name(std::string_view) { return false; }

// Old exports have no "autotls". Other programs' objects are called "mail" and "smtp" as well, but
// have a login of their own form.
bool is_export(std::string_view text) {
  const SourceText source(text);
  const Code code(source, Language::php);
  if (!code.is(0, "{")) return false;
  const std::vector<Member> members = members_of(code, 0);
  const auto has = [&](std::string_view path) {
    return std::any_of(members.begin(), members.end(),
                       [&](const Member& member) { return is_at(member, path); });
  };
  return has(host.member) && !has("smtp.auth.user") && !has("smtp.secure") &&
         (has("mail.mailer") || (has(from.member) && has(encryption.member)));
}

bool has_content(std::string_view text) {
  if (text.find("WPMS_") != std::string_view::npos) return true;
  if (text.find("\"smtp\"") == std::string_view::npos) return false;
  return text.find("\"autotls\"") != std::string_view::npos || is_export(text);
}

bool is_json(const Settings& settings) {
  const auto& assignments = settings.assignments;
  return !assignments.empty() && settings.text.reveal()[assignments.front().key_offset] == '"';
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::vector<Wanted> write(const Settings& settings, const Change& change) {
  const bool json = is_json(settings);
  std::vector<Wanted> wanted;
  const auto text = [&](std::string_view value) { return json ? json_text(value) : quoted(value); };
  const auto add = [&](const Names& names, std::string literal) {
    wanted.push_back({std::string(json ? names.member : names.constant), std::move(literal)});
  };
  if (change.host) add(host, text(*change.host));
  if (change.port) add(port, std::to_string(*change.port));
  if (change.encryption) {
    const bool is_none = *change.encryption == Encryption::none;
    const bool is_implicit = *change.encryption == Encryption::implicit;
    add(encryption, text(is_none ? (json ? "none" : "") : is_implicit ? "ssl" : "tls"));
    if (is_none) add(auto_tls, "false");
  }
  if (change.user) add(user, text(*change.user));
  return wanted;
}

std::string statement(const Settings& settings, const Assignment&, const Wanted& wanted) {
  if (is_json(settings))
    return fmt::format("\"{}\": {},", wanted.key.substr(wanted.key.find('.') + 1), wanted.literal);
  return fmt::format("define( '{}', {} );", wanted.key, wanted.literal);
}

}  // namespace

const Form wp_mail_smtp_form{
    Dialect::wp_mail_smtp, "WP Mail SMTP", has_file_name, has_content, read_wp, write, statement};

}  // namespace waypost::settings
