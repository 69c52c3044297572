#include "cli/doctor_settings.h"

#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"
#include "checks/catalogue.h"
#include "doctor/report_words.h"
#include "io/disk.h"
#include "settings/remarks.h"

namespace waypost::cli {
namespace {

using settings::Encryption;
using settings::Remark;

std::string_view name_of(Remark::Field field) {
  switch (field) {
    case Remark::Field::host:
      return "host";
    case Remark::Field::port:
      return "port";
    case Remark::Field::encryption:
      return "encryption";
    case Remark::Field::certificate:
      return "certificate";
    case Remark::Field::user:
      return "user";
    case Remark::Field::password:
      return "password";
  }
  return "setting";
}

std::string_view words_of(Remark::Kind kind) {
  switch (kind) {
    case Remark::Kind::odd_character:
      return "a character that does not belong there";
    case Remark::Kind::space_in_password:
      return "a space at its start or end";
    case Remark::Kind::not_a_host_name:
      return "more than a host name";
    case Remark::Kind::several_hosts:
      return "several hosts";
    case Remark::Kind::look_alike_host:
      return "resembles a provider's host";
    case Remark::Kind::mistyped_port:
      return "resembles a mail port";
    case Remark::Kind::reading_port:
      return "a port for reading mail";
    case Remark::Kind::port_and_encryption:
      return "does not fit the encryption";
    case Remark::Kind::two_encryptions:
      return "two settings contradict each other";
    case Remark::Kind::unchecked_certificate:
      return "the certificate is not checked";
    case Remark::Kind::user_without_domain:
      return "has no domain, where the provider wants an address";
    case Remark::Kind::spaced_app_password:
      return "has the spaces with which an app password is shown";
    case Remark::Kind::other_user_name:
      return "is not the name that the provider wants";
  }
  return "odd";
}

std::optional<doctor::Encryption> encryption_of(const settings::Settings& settings) {
  switch (settings.encryption.value) {
    case Encryption::none:
      return doctor::Encryption::none;
    case Encryption::starttls:
      return doctor::Encryption::starttls;
    case Encryption::implicit:
      return doctor::Encryption::implicit;
    case Encryption::unset:
      return {};
  }
  return {};
}

settings::Change change_of(const doctor::Parameters& set) {
  settings::Change change;
  for (const auto& [key, value] : set) {
    if (key == "host") change.host = value;
    if (key == "user") change.user = value;
    unsigned port = 0;
    std::from_chars(value.data(), value.data() + value.size(), port);
    if (key == "port" && port != 0) change.port = port;
    if (key == "tls")
      change.encryption = value == "implicit" ? Encryption::implicit
                          : value == "none"   ? Encryption::none
                                              : Encryption::starttls;
    if (key == "family")
      change.family = value == "ipv4" ? settings::Family::ipv4 : settings::Family::ipv6;
  }
  return change;
}

// Nodemailer's name of a provider stands for its host and port.
void use_service(const settings::Settings& settings, doctor::Request& request) {
  if (!settings.service.is_written() || settings.host.is_written()) return;
  request.host.clear();
  const auto* known = settings::provider_of(settings, settings::known_providers());
  if (known == nullptr) return;
  request.host = known->service_host;
  if (settings.port.is_written()) return;
  request.port = static_cast<uint16_t>(known->service_port.number);
  if (!settings.encryption.is_written()) request.encryption = std::nullopt;
}

// A list of what may be used is no name of one.
std::string mechanism_of(const std::string& written) {
  if (written == "OAuth2") return "XOAUTH2";
  return written.find_first_of(" ,!:/") == std::string::npos ? written : std::string();
}

}  // namespace

Result<settings::Settings> load_program_settings(const std::string& path) {
  auto disk = io::make_system_disk();
  TRY(std::string text, disk->read_file(path, settings::text_octets_max));
  auto read = settings::read(text, {}, path);
  Secret::wipe(text);
  return read;
}

doctor::Request request_of(settings::Settings& settings) {
  doctor::Request request;
  if (!settings.host.is_elsewhere) request.host = settings.host.value;
  unsigned port = settings.port.is_elsewhere ? 0 : settings.port.value;
  if (port > 0 && port <= 65535) request.port = static_cast<uint16_t>(port);
  if (!settings.encryption.is_elsewhere) request.encryption = encryption_of(settings);
  use_service(settings, request);
  const bool logs_in = settings.login.value || settings.login.is_elsewhere;
  request.clear_if_not_offered = settings.is_opportunistic && !logs_in;
  if (logs_in && settings.user.is_known()) request.user = settings.user.value;
  if (settings.from.is_known()) request.from = settings.from.value;
  if (settings.mechanism.is_known()) request.mechanism = mechanism_of(settings.mechanism.value);
  if (settings.family.value == settings::Family::ipv4) request.family = doctor::Family::v4_only;
  if (settings.family.value == settings::Family::ipv6) request.family = doctor::Family::v6_only;
  if (logs_in && settings.password.is_known())
    request.password = std::move(settings.password.value);
  return request;
}

std::vector<std::string> odd_settings(const settings::Settings& settings) {
  std::vector<std::string> lines;
  const auto where_is = [&settings](const settings::Place& place) {
    return place.line == 0 ? settings.file
                           : fmt::format("{}:{}:{}", settings.file, place.line, place.column);
  };
  for (const settings::Notice& notice : settings.notices)
    lines.push_back(
        base::escape_control(fmt::format("{}: {}", where_is(notice.place), notice.text)));
  for (const Remark& remark : settings::remarks(settings, settings::known_providers())) {
    const std::string where = where_is(remark.place);
    std::string line =
        fmt::format("{}: {}: {}", where, name_of(remark.field), words_of(remark.kind));
    if (!remark.detail.empty()) line += fmt::format(", {}", remark.detail);
    if (!remark.finding.empty()) line += fmt::format(" ({})", remark.finding);
    lines.push_back(base::escape_control(line));
  }
  return lines;
}

namespace {

// A value that the environment of the program decides, and what was taken for it here.
template <class T>
void add_origin(const settings::Settings& settings, std::string_view name,
                const settings::Setting<T>& setting, const std::string& shown,
                std::vector<std::string>& lines) {
  if (!setting.is_written() || (setting.variable.empty() && !setting.is_elsewhere)) return;
  std::string line =
      fmt::format("{}:{}:{}: {}: ", settings.file, setting.place.line, setting.place.column, name);
  if (setting.variable.empty())
    line += "comes from an expression or another file, and is not known here";
  else if (setting.is_elsewhere)
    line +=
        fmt::format("comes from the environment variable {}, which is not read", setting.variable);
  else
    line += fmt::format(
        "comes from the environment variable {}; taken is what the file has for "
        "when it is not set{}",
        setting.variable, shown);
  lines.push_back(base::escape_control(line));
}

}  // namespace

std::vector<std::string> settings_from_elsewhere(const settings::Settings& settings) {
  std::vector<std::string> lines;
  const auto value = [](const std::string& text) { return text.empty() ? "" : ", " + text; };
  add_origin(settings, "host", settings.host,
             value(settings::without_password(settings.host.value)), lines);
  add_origin(settings, "port", settings.port,
             settings.port.value == 0 ? "" : fmt::format(", {}", settings.port.value), lines);
  add_origin(settings, "encryption", settings.encryption, "", lines);
  add_origin(settings, "user", settings.user, value(settings.user.value), lines);
  add_origin(settings, "password", settings.password, "", lines);
  add_origin(settings, "from", settings.from, value(settings.from.value), lines);
  return lines;
}

namespace {

// What a way out changes, with its places filled.
doctor::Parameters change_set(const doctor::ShownFix& fix, const doctor::Finding& finding) {
  doctor::Parameters set;
  for (const auto& [key, value] : fix.words->set)
    set[key] = checks::fill(value, finding.parameters);
  if (fix.tested)
    for (const auto& [key, value] : fix.tested->set) set[key] = value;
  return set;
}

}  // namespace

FileFix fix_in_file(const settings::Settings& settings, const doctor::Report& report) {
  FileFix best;
  for (const doctor::Finding* finding : doctor::gravest_first(report)) {
    const checks::Check* check = checks::shipped_catalogue().find(finding->id);
    if (finding->severity != doctor::Severity::error || check == nullptr) continue;
    for (const doctor::ShownFix& fix : doctor::fixes_of(*finding, *check)) {
      const bool works = fix.tested && fix.tested->tested == doctor::Tested::works;
      if (best.works || (!best.lines.empty() && !works)) continue;
      std::string lines = settings::with_change(settings, change_of(change_set(fix, *finding)));
      if (!lines.empty()) best = {std::move(lines), works};
    }
  }
  return best;
}

std::string program_of(settings::Dialect dialect) {
  switch (dialect) {
    case settings::Dialect::nodemailer:
      return "nodemailer";
    case settings::Dialect::phpmailer:
      return "phpmailer";
    case settings::Dialect::django:
      return "django";
    case settings::Dialect::laravel:
      return "laravel";
    case settings::Dialect::msmtp:
      return "msmtp";
    case settings::Dialect::postfix:
      return "postfix";
    case settings::Dialect::wp_mail_smtp:
      return "wp-mail-smtp";
    case settings::Dialect::waypost:
      return "waypost";
  }
  return {};
}

}  // namespace waypost::cli
